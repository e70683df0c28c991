import type { Dialect } from '../sql/dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import { allOf, anyOf, isOneOf } from '../sql/statement';
import { ownersWithMetadata } from '../metadata/metadata-filter';
import type { AgentFilter } from './parse-resolution-query';
import type { VersionBound, VersionInterval } from './version-range';

/** Which agents `a` to select: all of it written so that SQL can be put together around it. */
export interface AgentConditions {
  /** Table expressions that the rest refers to. */
  readonly definitions: readonly Sql[];
  /** Where the search starts from, and the agents `a`. */
  readonly from: Sql;
  readonly conditions: readonly Sql[];
}

/** A table that leads to few agents, so that the search starts from it. */
interface Lead {
  readonly definitions: readonly Sql[];
  readonly table: Sql;
  readonly condition: Sql;
  /** What is left to be asked of the agents that it leads to. */
  readonly rest: AgentFilter;
}

/** A filter as SQL, a small piece for each field. */
export function agentConditions(dialect: Dialect, filter: AgentFilter, nowMs: number): AgentConditions {
  const { ids, capabilities } = filter;
  const lead = ids === undefined ? findLead(dialect, filter) : undefined;
  const wanted = capabilities === undefined ? [] : [wantedCapabilities(dialect, capabilities)];
  return {
    definitions: [...wanted, ...(lead?.definitions ?? [])],
    // A cross join keeps SQLite from turning the order of the loops round.
    from: lead === undefined ? sql`agents a` : sql`${lead.table} CROSS JOIN agents a`,
    conditions: [
      ...(lead === undefined ? [] : [lead.condition]),
      ...(ids === undefined ? [] : [isOneOf(dialect, sql`a.id`, ids)]),
      ...ownConditions(dialect, lead?.rest ?? filter, nowMs),
      ...relatedConditions(dialect, lead?.rest ?? filter),
    ],
  };
}

// The most selective first. What none of them covers is left to the indexes of agents.
function findLead(dialect: Dialect, filter: AgentFilter): Lead | undefined {
  const { fingerprintKey, capabilities, allCapabilities, exactName, owner, metadata, namePart } = filter;
  if (fingerprintKey !== undefined) return byFingerprint(filter, fingerprintKey);
  if (capabilities !== undefined && allCapabilities) return byRarestCapability(filter, capabilities.length);
  if ([exactName, owner, metadata].some((field) => field !== undefined)) return undefined;
  if (namePart !== undefined) return byNamePart(dialect, filter, namePart);
  return capabilities === undefined ? undefined : byAnyCapability(filter);
}

function byFingerprint(filter: AgentFilter, fingerprintKey: string): Lead {
  return {
    definitions: [],
    table: sql`certificates f`,
    condition: sql`f.fingerprint_key = ${fingerprintKey} AND a.certificate_id = f.id`,
    rest: { ...filter, fingerprintKey: undefined },
  };
}

// Counting stops where a capability is common anyway.
function byRarestCapability(filter: AgentFilter, count: number): Lead {
  const uses = sql`(SELECT count(*) FROM (SELECT 1 FROM agent_capabilities u WHERE u.capability_id = w.id LIMIT 1000) AS u)`;
  return {
    definitions: [sql`rarest AS MATERIALIZED (SELECT w.id FROM wanted w ORDER BY ${uses}, w.id LIMIT 1)`],
    table: sql`agent_capabilities r`,
    // Asked of the link, so that the rows of agents that lack one of the others are never read.
    condition: sql`r.capability_id = (SELECT id FROM rarest) AND ${hasAllWanted(sql`r.agent_id`, count)}
      AND a.id = r.agent_id`,
    rest: { ...filter, capabilities: undefined },
  };
}

function byAnyCapability(filter: AgentFilter): Lead {
  const able = sql`able AS MATERIALIZED (
    SELECT DISTINCT ac.agent_id AS id FROM wanted w CROSS JOIN agent_capabilities ac WHERE ac.capability_id = w.id)`;
  const rest = { ...filter, capabilities: undefined };
  return { definitions: [able], table: sql`able`, condition: sql`a.id = able.id`, rest };
}

// A scan, but of the narrow index of folded names, not of agents.
function byNamePart(dialect: Dialect, filter: AgentFilter, part: string): Lead {
  const named = sql`named AS MATERIALIZED (
    SELECT n.id FROM agents n WHERE ${dialect.contains(sql`n.name_folded`, part)})`;
  const rest = { ...filter, namePart: undefined };
  return { definitions: [named], table: sql`named`, condition: sql`a.id = named.id`, rest };
}

function wantedCapabilities(dialect: Dialect, names: readonly string[]): Sql {
  return sql`wanted AS MATERIALIZED (SELECT c.id FROM capabilities c WHERE ${isOneOf(dialect, sql`c.name`, names)})`;
}

// What the row of the agent itself tells.
function ownConditions(dialect: Dialect, filter: AgentFilter, nowMs: number): Sql[] {
  const { exactName, owner, statuses, namePart, version } = filter;
  const conditions = expiryConditions(dialect, filter, nowMs);
  if (exactName !== undefined) conditions.push(sql`a.name = ${exactName}`);
  if (owner !== undefined) conditions.push(sql`a.owner = ${owner}`);
  if (statuses !== undefined) conditions.push(sql`a.status IN (${join(statuses)})`);
  if (namePart !== undefined) conditions.push(dialect.contains(sql`a.name_folded`, namePart));
  if (version !== undefined) conditions.push(hasVersion(version));
  return conditions;
}

// What other tables tell of it.
function relatedConditions(dialect: Dialect, filter: AgentFilter): Sql[] {
  const { fingerprintKey, capabilities, allCapabilities, protocol, health, metadata } = filter;
  const conditions: Sql[] = [];
  if (fingerprintKey !== undefined) {
    conditions.push(
      sql`a.certificate_id IN (SELECT cert.id FROM certificates cert WHERE cert.fingerprint_key = ${fingerprintKey})`,
    );
  }
  if (capabilities !== undefined) {
    conditions.push(allCapabilities ? hasAllWanted(sql`a.id`, capabilities.length) : hasAnyWanted());
  }
  if (protocol !== undefined || health !== undefined) conditions.push(hasEndpoint(filter));
  if (metadata !== undefined && metadata.length > 0) {
    const owners = ownersWithMetadata(dialect, { table: 'agent_metadata', ownerColumn: 'agent_id' }, metadata);
    conditions.push(sql`a.id IN (${owners})`);
  }
  return conditions;
}

function hasAllWanted(agentId: Sql, count: number): Sql {
  return sql`${count} = (SELECT count(*) FROM wanted w CROSS JOIN agent_capabilities ac
    WHERE ac.agent_id = ${agentId} AND ac.capability_id = w.id)`;
}

function hasAnyWanted(): Sql {
  return sql`EXISTS (SELECT 1 FROM wanted w CROSS JOIN agent_capabilities ac
    WHERE ac.agent_id = a.id AND ac.capability_id = w.id)`;
}

// Protocol and health are asked of one and the same endpoint.
function hasEndpoint({ protocol, health }: AgentFilter): Sql {
  const conditions: Sql[] = [];
  if (protocol !== undefined) conditions.push(sql`e.protocol = ${protocol}`);
  if (health !== undefined) conditions.push(sql`e.health_status IN (${join(health)})`);
  return sql`a.id IN (SELECT e.agent_id FROM endpoints e WHERE ${allOf(conditions)})`;
}

function hasVersion({ text, intervals }: NonNullable<AgentFilter['version']>): Sql {
  return anyOf([sql`a.version = ${text}`, ...intervals.map(isWithin)]);
}

// A release's key ends with "~"; the keys of its prereleases are those between its number with "-" and with ".".
function isWithin({ bounds, prereleasesOf }: VersionInterval): Sql {
  const mayBe = [
    sql`a.version_key LIKE '%~'`,
    ...prereleasesOf.map((key) => sql`(a.version_key > ${`${key}-`} AND a.version_key < ${`${key}.`})`),
  ];
  return sql`(${allOf([...bounds.map(isBounded), anyOf(mayBe)])})`;
}

function isBounded({ operator, key }: VersionBound): Sql {
  return sql`a.version_key ${raw(operator)} ${key}`;
}

function expiryConditions(dialect: Dialect, filter: AgentFilter, nowMs: number): Sql[] {
  const conditions: Sql[] = [];
  const { expiresBeforeMs, expiresAfterMs } = filter;
  if (expiresBeforeMs !== undefined) conditions.push(sql`a.expires_at < ${dialect.fromMs(sql`${expiresBeforeMs}`)}`);
  if (expiresAfterMs !== undefined) conditions.push(sql`a.expires_at > ${dialect.fromMs(sql`${expiresAfterMs}`)}`);
  if (!filter.includeExpired) {
    conditions.push(sql`a.expires_at > ${dialect.fromMs(sql`${nowMs}`)} AND a.status <> 'EXPIRED'`);
  }
  return conditions;
}
