import type { Dialect } from '../sql/dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import { anyOf } from '../sql/statement';
import { endpointConditions, entryTable, wantedTable } from './agent-conditions';
import type { AgentFilter } from './parse-resolution-query';

/** How many agents are looked at one by one, whatever the order that is asked for. */
const few = 1000;

/** The same where their capabilities are looked at first, for which no row of theirs is read. */
const fewLinks = 4000;

/** Without an end. */
const noLimit = sql`CAST(9007199254740991 AS BIGINT)`;

/** A way to the agents `id` that one field of a filter asks for, by an index. It may lead to some others, too. */
interface Lead {
  /** How many agents are few, on this way. */
  readonly few: number;
  /** Agents may come more than once. */
  readonly some: Sql;
  /** All of them, each once. */
  readonly all: Sql;
  /** What is left to be asked of all of them. */
  readonly rest: AgentFilter;
  /** Table expressions that the others refer to. */
  readonly definitions: readonly Sql[];
}

/** The ways to the agents that a filter asks for, put together. */
export interface Leads {
  /** Table expressions, `few` among them: the agents of the first way that leads to few; none where none does. */
  readonly definitions: readonly Sql[];
  /** Whether there is one that leads to few. */
  readonly areFew: Sql;
  /** The table `others`: all agents of the way that is the best when all are long; none unless `isNeeded`. */
  readonly others: (isNeeded: Sql) => Sql;
  /** What is left to be asked of the agents of `others`: asking less of them spares reading their rows. */
  readonly rest: AgentFilter;
}

/**
 * How to find the agents that a filter asks for without reading all of them. How many a way leads to is counted when the
 * query runs, and no further than to tell few from many. Undefined where there is no such way, or none is needed: the
 * agents' own indexes serve then.
 */
export function findLeads(dialect: Dialect, filter: AgentFilter): Leads | undefined {
  if (filter.ids !== undefined || filter.fingerprintKey !== undefined) return undefined;
  const related = relatedLeads(dialect, filter);
  const [best] = related;
  if (best === undefined) return undefined;
  const leads = [...ownLeads(filter), ...related];
  const tables = leads.map((_, place) => raw(`lead_${place}`));
  const isFew = leads.map((lead, place) => sql`(SELECT count(*) FROM ${tables[place]}) <= ${raw(String(lead.few))}`);
  const areFew = (count: number): Sql => anyOf(isFew.slice(0, count));
  const selections = leads.map((lead, place) => {
    const limit = raw(String(lead.few + 1));
    // Once few are found, the other ways do not matter.
    const end = place === 0 ? limit : sql`CASE WHEN ${areFew(place)} THEN 0 ELSE ${limit} END`;
    return sql`${tables[place]} AS MATERIALIZED (${lead.some} LIMIT ${end})`;
  });
  const arms = tables.map((table, place) => sql`SELECT DISTINCT id FROM ${table} WHERE ${isFew[place]}`);
  return {
    definitions: [
      ...leads.flatMap(({ definitions }) => definitions),
      ...selections,
      sql`few AS MATERIALIZED (${join(arms, ' UNION ALL ')})`,
    ],
    areFew: areFew(leads.length),
    others: (isNeeded) =>
      sql`others AS MATERIALIZED (${best.all} LIMIT CASE WHEN ${isNeeded} THEN ${noLimit} ELSE 0 END)`,
    rest: best.rest,
  };
}

// The best of the long ways first. A part of a name tells more than one of some capabilities, which many agents have; one
// that no index knows takes a look at all names.
function relatedLeads(dialect: Dialect, filter: AgentFilter): Lead[] {
  const { namePart = '', allCapabilities } = filter;
  const named = nameLeads(dialect, filter);
  const isIndexed = Array.from(namePart).length >= dialect.shortestIndexedPart;
  return [
    ...metadataLeads(dialect, filter),
    ...(allCapabilities ? capabilityLeads(filter) : []),
    ...(isIndexed ? named : []),
    ...(allCapabilities ? [] : capabilityLeads(filter)),
    ...endpointLeads(filter),
    ...(isIndexed ? [] : named),
  ];
}

// Alone they need no help. A tenant may have a few agents, or all of them.
function ownLeads(filter: AgentFilter): Lead[] {
  const { exactName, owner } = filter;
  const byColumn = (column: string, value: string): Lead => {
    const agents = sql`SELECT n.id FROM agents n WHERE n.${raw(column)} = ${value}`;
    return { few, some: agents, all: agents, rest: filter, definitions: [] };
  };
  return [
    ...(exactName === undefined ? [] : [byColumn('name', exactName)]),
    ...(owner === undefined ? [] : [byColumn('owner', owner)]),
  ];
}

// By the rarest of the entries.
function metadataLeads(dialect: Dialect, filter: AgentFilter): Lead[] {
  const { metadata } = filter;
  if (metadata === undefined || metadata.length === 0) return [];
  const holds = (value: Sql): Sql => dialect.isLongText(sql`m.value`, value);
  const uses = sql`(SELECT count(*) FROM (SELECT 1 FROM agent_metadata m
    WHERE m.key = w.key AND ${holds(sql`w.value`)} LIMIT ${raw(String(few))}) AS u)`;
  const owners = sql`SELECT m.agent_id AS id FROM agent_metadata m
    WHERE m.key = (SELECT key FROM rarest_entry) AND ${holds(sql`(SELECT value FROM rarest_entry)`)}`;
  const rarest = sql`rarest_entry AS MATERIALIZED (
    SELECT w.key, w.value FROM ${entryTable} w ORDER BY ${uses}, w.key LIMIT 1)`;
  return [{ few, some: owners, all: owners, rest: filter, definitions: [rarest] }];
}

function capabilityLeads(filter: AgentFilter): Lead[] {
  const { capabilities, allCapabilities } = filter;
  if (capabilities === undefined) return [];
  if (allCapabilities) return [byRarestCapability(filter)];
  const links = sql`FROM ${wantedTable} w CROSS JOIN agent_capabilities ac WHERE ac.capability_id = w.id`;
  return [
    {
      few,
      some: sql`SELECT ac.agent_id AS id ${links}`,
      all: sql`SELECT DISTINCT ac.agent_id AS id ${links}`,
      rest: { ...filter, capabilities: undefined },
      definitions: [],
    },
  ];
}

// Counting stops where a capability is common anyway; only where all are, it is worth while to count them whole.
function byRarestCapability(filter: AgentFilter): Lead {
  const rarest = (end: Sql): Sql => sql`SELECT w.id FROM ${wantedTable} w ORDER BY (
      SELECT count(*) FROM (SELECT 1 FROM agent_capabilities u WHERE u.capability_id = w.id ${end}) AS u), w.id LIMIT 1`;
  const links = (capability: Sql): Sql =>
    sql`SELECT r.agent_id AS id FROM agent_capabilities r WHERE r.capability_id = (${capability})`;
  return {
    few: fewLinks,
    some: links(sql`SELECT id FROM rarest`),
    all: links(rarest(sql``)),
    rest: filter,
    definitions: [sql`rarest AS MATERIALIZED (${rarest(sql`LIMIT ${raw(String(fewLinks))}`)})`],
  };
}

function nameLeads(dialect: Dialect, filter: AgentFilter): Lead[] {
  const { namePart } = filter;
  if (namePart === undefined) return [];
  const named = dialect.agentsNamed(namePart);
  return [{ few, some: named, all: named, rest: { ...filter, namePart: undefined }, definitions: [] }];
}

function endpointLeads(filter: AgentFilter): Lead[] {
  const conditions = endpointConditions(filter);
  if (conditions === undefined) return [];
  const endpoints = sql`FROM endpoints e WHERE ${conditions}`;
  return [
    {
      few,
      some: sql`SELECT e.agent_id AS id ${endpoints}`,
      all: sql`SELECT DISTINCT e.agent_id AS id ${endpoints}`,
      rest: { ...filter, protocol: undefined, health: undefined },
      definitions: [],
    },
  ];
}
