import type { Dialect } from '../sql/dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import { allOf, anyOf, isOneOf } from '../sql/statement';
import { toEntriesJson } from '../metadata/metadata-rows';
import type { AgentFilter } from './parse-resolution-query';
import type { VersionBound, VersionInterval } from './version-range';

/** Which agents `a` to select: all of it written so that SQL can be put together around it. */
export interface AgentConditions {
  /** Table expressions that the conditions refer to. */
  readonly definitions: readonly Sql[];
  readonly conditions: readonly Sql[];
}

/** The ids of the capabilities that a filter names. */
export const wantedTable = sql`wanted`;

/** The entries of metadata that a filter names. */
export const entryTable = sql`wanted_entries`;

/** A filter as SQL, a small piece for each field; each is asked of one agent, whatever has led to it. */
export function agentConditions(dialect: Dialect, filter: AgentFilter, nowMs: number): AgentConditions {
  return {
    definitions: definitions(dialect, filter),
    conditions: [...ownConditions(dialect, filter, nowMs), ...relatedConditions(filter)],
  };
}

function definitions(dialect: Dialect, { capabilities, metadata }: AgentFilter): Sql[] {
  const tables: Sql[] = [];
  if (capabilities !== undefined) {
    tables.push(sql`${wantedTable} AS MATERIALIZED (
      SELECT c.id FROM capabilities c WHERE ${isOneOf(dialect, sql`c.name`, capabilities)})`);
  }
  if (metadata !== undefined && metadata.length > 0) {
    const entries = dialect.entries(sql`${toEntriesJson(metadata)}`, 'entry');
    tables.push(sql`${entryTable} AS MATERIALIZED (SELECT entry.key, entry.value FROM ${entries})`);
  }
  return tables;
}

// What the row of the agent itself tells.
function ownConditions(dialect: Dialect, filter: AgentFilter, nowMs: number): Sql[] {
  const { ids, exactName, owner, statuses, namePart, version } = filter;
  const conditions = expiryConditions(dialect, filter, nowMs);
  if (ids !== undefined) conditions.push(isOneOf(dialect, sql`a.id`, ids));
  if (exactName !== undefined) conditions.push(sql`a.name = ${exactName}`);
  if (owner !== undefined) conditions.push(sql`a.owner = ${owner}`);
  if (statuses !== undefined) conditions.push(sql`a.status IN (${join(statuses)})`);
  if (namePart !== undefined) conditions.push(dialect.holds(sql`a.name_folded`, namePart));
  if (version !== undefined) conditions.push(hasVersion(version));
  return conditions;
}

// What other tables tell of it.
function relatedConditions(filter: AgentFilter): Sql[] {
  const { fingerprintKey, capabilities, allCapabilities, metadata } = filter;
  const conditions: Sql[] = [];
  if (fingerprintKey !== undefined) {
    conditions.push(
      sql`a.certificate_id = (SELECT cert.id FROM certificates cert WHERE cert.fingerprint_key = ${fingerprintKey})`,
    );
  }
  if (capabilities !== undefined) conditions.push(allCapabilities ? hasAllWanted(capabilities.length) : hasAnyWanted());
  const ofEndpoint = endpointConditions(filter);
  if (ofEndpoint !== undefined) {
    conditions.push(exists(sql`endpoints e WHERE e.agent_id = a.id AND ${ofEndpoint}`));
  }
  if (metadata !== undefined && metadata.length > 0) {
    conditions.push(sql`${metadata.length} = (SELECT count(*) FROM ${entryTable} w CROSS JOIN agent_metadata m
      WHERE m.agent_id = a.id AND m.key = w.key AND m.value = w.value)`);
  }
  return conditions;
}

function hasAllWanted(count: number): Sql {
  return sql`${count} = (SELECT count(*) FROM ${wantedTable} w CROSS JOIN agent_capabilities ac
    WHERE ac.agent_id = a.id AND ac.capability_id = w.id)`;
}

function hasAnyWanted(): Sql {
  return exists(sql`${wantedTable} w CROSS JOIN agent_capabilities ac
    WHERE ac.agent_id = a.id AND ac.capability_id = w.id`);
}

// Without an offset PostgreSQL may put the answers for all agents there are together first, to look up those of a few.
function exists(from: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} LIMIT 1 OFFSET 0)`;
}

/** What is asked of an endpoint `e`; protocol and health are asked of one and the same. Undefined where nothing is. */
export function endpointConditions({ protocol, health }: AgentFilter): Sql | undefined {
  const conditions: Sql[] = [];
  if (protocol !== undefined) conditions.push(sql`e.protocol = ${protocol}`);
  if (health !== undefined) conditions.push(sql`e.health_status IN (${join(health)})`);
  return conditions.length === 0 ? undefined : allOf(conditions);
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
