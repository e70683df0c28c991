import type { Dialect } from '../sql/dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import { allOf, anyOf, isOneOf } from '../sql/statement';
import { ownersWithMetadata } from '../metadata/metadata-filter';
import type { AgentFilter } from './parse-resolution-query';
import type { VersionBound, VersionInterval } from './version-range';

/** What an agent `a` has to fulfil. */
export interface AgentConditions {
  /** Table expressions that the rest refers to. */
  readonly definitions: readonly Sql[];
  /** The one of them, a list of agents' ids, that the search starts from; undefined where it starts from the agents. */
  readonly driver: 'named' | 'able' | undefined;
  readonly conditions: readonly Sql[];
}

/** A filter as SQL, a small piece for each field. */
export function agentConditions(dialect: Dialect, filter: AgentFilter, nowMs: number): AgentConditions {
  const conditions: Sql[] = [];
  if (filter.ids !== undefined) conditions.push(isOneOf(dialect, sql`a.id`, filter.ids));
  if (filter.exactName !== undefined) conditions.push(sql`a.name = ${filter.exactName}`);
  if (filter.owner !== undefined) conditions.push(sql`a.owner = ${filter.owner}`);
  if (filter.statuses !== undefined) conditions.push(sql`a.status IN (${join(filter.statuses)})`);
  if (filter.fingerprintKey !== undefined) conditions.push(hasFingerprint(filter.fingerprintKey));
  if (filter.protocol !== undefined || filter.health !== undefined) conditions.push(hasEndpoint(filter));
  if (filter.metadata !== undefined && filter.metadata.length > 0) {
    const owners = ownersWithMetadata(dialect, { table: 'agent_metadata', ownerColumn: 'agent_id' }, filter.metadata);
    conditions.push(sql`a.id IN (${owners})`);
  }
  if (filter.version !== undefined) conditions.push(hasVersion(filter.version));
  conditions.push(...expiryConditions(dialect, filter, nowMs));
  const driver = chooseDriver(filter);
  conditions.push(...nameConditions(dialect, filter, driver), ...capabilityConditions(dialect, filter, driver));
  return { definitions: driverDefinitions(dialect, filter, driver), driver, conditions };
}

// A scan for a part of a name is worth it only where nothing else leads to few agents.
function chooseDriver(filter: AgentFilter): AgentConditions['driver'] {
  if (filter.capabilities !== undefined && filter.allCapabilities) return 'able';
  if (filter.namePart === undefined) return undefined;
  const leads = [filter.ids, filter.exactName, filter.owner, filter.fingerprintKey, filter.metadata];
  return leads.every((lead) => lead === undefined) ? 'named' : undefined;
}

function driverDefinitions(dialect: Dialect, filter: AgentFilter, driver: AgentConditions['driver']): Sql[] {
  if (driver === 'named') return [namesContaining(dialect, filter.namePart ?? '')];
  return driver === 'able' ? agentsWithAll(dialect, filter.capabilities ?? []) : [];
}

function nameConditions(dialect: Dialect, { namePart }: AgentFilter, driver: AgentConditions['driver']): Sql[] {
  if (namePart === undefined) return [];
  return driver === 'named' ? [sql`a.id = named.id`] : [dialect.contains(sql`a.name_folded`, sql`${namePart}`)];
}

function capabilityConditions(dialect: Dialect, filter: AgentFilter, driver: AgentConditions['driver']): Sql[] {
  if (filter.capabilities === undefined) return [];
  return driver === 'able' ? [sql`a.id = able.id`] : [hasAnyCapability(dialect, filter.capabilities)];
}

function hasFingerprint(fingerprintKey: string): Sql {
  return sql`a.certificate_id IN (SELECT cert.id FROM certificates cert WHERE cert.fingerprint_key = ${fingerprintKey})`;
}

// Protocol and health are asked of one and the same endpoint.
function hasEndpoint({ protocol, health }: AgentFilter): Sql {
  const conditions: Sql[] = [];
  if (protocol !== undefined) conditions.push(sql`e.protocol = ${protocol}`);
  if (health !== undefined) conditions.push(sql`e.health_status IN (${join(health)})`);
  return sql`a.id IN (SELECT e.agent_id FROM endpoints e WHERE ${allOf(conditions)})`;
}

// Ahead of the rest: the index of folded names is narrow, the rows of agents are not.
function namesContaining(dialect: Dialect, part: string): Sql {
  return sql`named AS MATERIALIZED (
    SELECT n.id FROM agents n WHERE ${dialect.contains(sql`n.name_folded`, sql`${part}`)})`;
}

function hasAnyCapability(dialect: Dialect, names: readonly string[]): Sql {
  return sql`EXISTS (SELECT 1 FROM agent_capabilities ac WHERE ac.agent_id = a.id AND ac.capability_id IN (
    SELECT c.id FROM capabilities c WHERE ${isOneOf(dialect, sql`c.name`, names)}))`;
}

// Driven from the rarest capability: the others are only looked up for the agents that have it.
function agentsWithAll(dialect: Dialect, names: readonly string[]): Sql[] {
  return [
    sql`wanted AS MATERIALIZED (
      SELECT c.id, (SELECT count(*) FROM agent_capabilities u WHERE u.capability_id = c.id) AS uses
      FROM capabilities c WHERE ${isOneOf(dialect, sql`c.name`, names)})`,
    sql`able AS MATERIALIZED (
      SELECT r.agent_id AS id FROM agent_capabilities r
      WHERE r.capability_id = (SELECT w.id FROM wanted w ORDER BY w.uses, w.id LIMIT 1)
      AND ${names.length} = (SELECT count(*) FROM wanted w JOIN agent_capabilities ac
        ON ac.capability_id = w.id AND ac.agent_id = r.agent_id))`,
  ];
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
