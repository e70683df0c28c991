import type { Dialect } from '../../sql/dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { anyOf } from '../../sql/statement';
import { endpointConditions, entryTable, wantedTable } from './conditions';
import type { FilterSlots } from './slots';

/** Maximum number of agents that are compared one by one, whatever the requested order. */
const few = raw('1000');

/** Without an end. */
const noLimit = sql`CAST(9007199254740991 AS BIGINT)`;

/** A way to the agents `id` that one field of a filter asks for, by an index. It may lead to some others, too. */
interface Lead {
  readonly some: Sql;
  /** True when `some` may contain an agent more than once. */
  readonly hasDuplicates: boolean;
  /** All of them, each once. */
  readonly all: Sql;
  /** Condition for a selective source, when it is known without counting. */
  readonly isFew?: Sql | undefined;
  /** Residual filter for all of them. */
  readonly rest: FilterSlots;
  /** Table expressions that the others refer to. */
  readonly definitions: readonly Sql[];
}

/** The ways to the agents that a filter asks for, put together. */
export interface Leads {
  /** Table expressions, `few` among them: the agents of the first way that leads to few; none where none does. */
  readonly definitions: readonly Sql[];
  /** Condition for the existence of a selective source. */
  readonly areFew: Sql;
  /** The table `others`: all agents of the way that is the best when all are long; none unless `isNeeded`. */
  readonly others: (isNeeded: Sql) => Sql;
  /** Residual filter for the agents of `others`. A smaller filter avoids reading their rows. */
  readonly rest: FilterSlots;
}

/**
 * Plans the candidate sources for a filter, so that not all agents are read. The query itself counts the candidates of
 * a source when it runs, only up to the selective limit. Undefined when there is no source, or none is needed: then the
 * agents' own indexes are used.
 */
export function findLeads(dialect: Dialect, filter: FilterSlots): Leads | undefined {
  if (filter.ids !== undefined || filter.fingerprintKey !== undefined) return undefined;
  const related = relatedLeads(dialect, filter);
  const [best] = related;
  if (best === undefined) return undefined;
  const leads = [...ownLeads(filter), ...related];
  const isFew = leads.map((_, place) => sql`(SELECT is_few FROM ${raw(`size_${place}`)})`);
  const areFew = (count: number): Sql => anyOf(isFew.slice(0, count));
  const selections = leads.flatMap(({ some, isFew }, place) => {
    const [table, size] = [raw(`lead_${place}`), raw(`size_${place}`)];
    // Once few are found, the other ways do not matter.
    if (isFew !== undefined) {
      const isTaken = place === 0 ? isFew : sql`NOT ${areFew(place)} AND ${isFew}`;
      return [sql`${size} AS MATERIALIZED (SELECT ${isTaken} AS is_few)`];
    }
    const limit = sql`${few} + 1`;
    const end = place === 0 ? limit : sql`CASE WHEN ${areFew(place)} THEN 0 ELSE ${limit} END`;
    return [
      sql`${table} AS MATERIALIZED (${some} LIMIT ${end})`,
      // A table of its own, so that it is counted once.
      sql`${size} AS MATERIALIZED (SELECT count(*) <= ${few} AS is_few FROM ${table})`,
    ];
  });
  const arms = leads.map(({ some, hasDuplicates, isFew: isKnown }, place) => {
    const ids = hasDuplicates ? sql`DISTINCT lead.id` : sql`lead.id`;
    const table = isKnown === undefined ? raw(`lead_${place}`) : sql`(${some})`;
    return sql`SELECT ${ids} FROM ${table} AS lead WHERE ${isFew[place]}`;
  });
  // Copied only where it is put together of several.
  const isCopied = raw(arms.length > 1 ? 'MATERIALIZED' : 'NOT MATERIALIZED');
  return {
    definitions: [
      ...leads.flatMap(({ definitions }) => definitions),
      ...selections,
      sql`few AS ${isCopied} (${join(arms, ' UNION ALL ')})`,
    ],
    areFew: areFew(leads.length),
    others: (isNeeded) =>
      sql`others AS MATERIALIZED (${best.all} LIMIT CASE WHEN ${isNeeded} THEN ${noLimit} ELSE 0 END)`,
    rest: best.rest,
  };
}

// The most selective source first. A part of a name is more selective than a capability, which many agents have. A part
// that is too short for an index requires a scan of all names.
function relatedLeads(dialect: Dialect, filter: FilterSlots): Lead[] {
  const named = nameLeads(dialect, filter);
  const isIndexed = filter.namePart?.isIndexed === true;
  const areAllWanted = filter.capabilities?.areAllWanted === true;
  return [
    ...metadataLeads(dialect, filter),
    ...(areAllWanted ? capabilityLeads(filter) : []),
    ...(isIndexed ? named : []),
    ...(areAllWanted ? [] : capabilityLeads(filter)),
    ...endpointLeads(filter),
    ...(isIndexed ? [] : named),
  ];
}

// Alone they need no help. A tenant may have a few agents, or all of them.
function ownLeads(filter: FilterSlots): Lead[] {
  const { exactName, owner } = filter;
  const byColumn = (column: string, value: Sql): Lead => {
    const agents = sql`SELECT n.id FROM agents n WHERE n.${raw(column)} = ${value}`;
    return { some: agents, hasDuplicates: false, all: agents, rest: filter, definitions: [] };
  };
  return [
    ...(exactName === undefined ? [] : [byColumn('name', exactName)]),
    ...(owner === undefined ? [] : [byColumn('owner', owner)]),
  ];
}

// By the rarest of the entries.
function metadataLeads(dialect: Dialect, filter: FilterSlots): Lead[] {
  if (filter.metadata === undefined) return [];
  const holds = (value: Sql): Sql => dialect.equalsLongText(sql`m.value`, value);
  const uses = sql`(SELECT count(*) FROM (SELECT 1 FROM agent_metadata m
    WHERE m.key = w.key AND ${holds(sql`w.value`)} LIMIT ${few}) AS u)`;
  const owners = sql`SELECT m.agent_id AS id FROM agent_metadata m
    WHERE m.key = (SELECT key FROM rarest_entry) AND ${holds(sql`(SELECT value FROM rarest_entry)`)}`;
  const rarest = sql`rarest_entry AS MATERIALIZED (
    SELECT w.key, w.value FROM ${entryTable} w ORDER BY ${uses}, w.key LIMIT 1)`;
  return [{ some: owners, hasDuplicates: false, all: owners, rest: filter, definitions: [rarest] }];
}

function capabilityLeads(filter: FilterSlots): Lead[] {
  const { capabilities } = filter;
  if (capabilities === undefined) return [];
  if (capabilities.areAllWanted) return [byRarestCapability(filter)];
  const links = sql`FROM ${wantedTable} w CROSS JOIN agent_capabilities ac WHERE ac.capability_id = w.id`;
  return [
    {
      some: sql`SELECT ac.agent_id AS id ${links}`,
      hasDuplicates: true,
      all: sql`SELECT DISTINCT ac.agent_id AS id ${links}`,
      rest: { ...filter, capabilities: undefined },
      definitions: [],
    },
  ];
}

// Counting stops where a capability is common anyway; only where all are, it is worth while to count them whole.
function byRarestCapability(filter: FilterSlots): Lead {
  const rarest = (end: Sql): Sql => sql`SELECT w.id, (
      SELECT count(*) FROM (SELECT 1 FROM agent_capabilities u WHERE u.capability_id = w.id ${end}) AS u) AS uses
    FROM ${wantedTable} w ORDER BY uses, w.id LIMIT 1`;
  const links = (capability: Sql): Sql =>
    sql`SELECT r.agent_id AS id FROM agent_capabilities r WHERE r.capability_id = (${capability})`;
  return {
    some: links(sql`SELECT id FROM rarest`),
    hasDuplicates: false,
    all: links(sql`SELECT id FROM (${rarest(sql``)}) AS rarest_of_all`),
    rest: filter,
    isFew: sql`coalesce((SELECT uses FROM rarest), 0) <= ${few}`,
    definitions: [sql`rarest AS MATERIALIZED (${rarest(sql`LIMIT ${few} + 1`)})`],
  };
}

function nameLeads(dialect: Dialect, filter: FilterSlots): Lead[] {
  const { namePart } = filter;
  if (namePart === undefined) return [];
  const named = dialect.agentsNamed(namePart);
  return [{ some: named, hasDuplicates: false, all: named, rest: { ...filter, namePart: undefined }, definitions: [] }];
}

function endpointLeads(filter: FilterSlots): Lead[] {
  const conditions = endpointConditions(filter);
  if (conditions === undefined) return [];
  const endpoints = sql`FROM endpoints e WHERE ${conditions}`;
  return [
    {
      some: sql`SELECT e.agent_id AS id ${endpoints}`,
      hasDuplicates: true,
      all: sql`SELECT DISTINCT e.agent_id AS id ${endpoints}`,
      rest: { ...filter, protocol: undefined, health: undefined },
      definitions: [],
    },
  ];
}
