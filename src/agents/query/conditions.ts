import type { Dialect } from '../../sql/dialect';
import { join, sql, type Sql } from '../../sql/sql';
import { allOf, inJsonArray } from '../../sql/statement';
import type { FilterSlots } from './slots';

/** The ids of the capabilities that a filter names. */
export const wantedTable = sql`wanted`;

/** The entries of metadata that a filter names. */
export const entryTable = sql`wanted_entries`;

/** Name of the record set with the ranges of version keys of a filter. */
const rangeTable = sql`version_ranges`;
const rangeColumns = { lower: 'text', upper: 'text', has_prereleases: 'integer' } as const;

/**
 * Returns a filter as SQL: one condition for each field, on an agent `a` from any candidate source. The conditions
 * refer to {@link tablesOf} the filter.
 *
 * @param id - SQL of the agent's id, from the earliest table that has it.
 */
export function agentConditions(dialect: Dialect, filter: FilterSlots, id = sql`a.id`): Sql[] {
  return [...ownConditions(dialect, filter), ...relatedConditions(dialect, filter, id)];
}

/** Table expressions that the conditions refer to. */
export function tablesOf(dialect: Dialect, { capabilities, metadata, version }: FilterSlots): Sql[] {
  const tables: Sql[] = [];
  if (capabilities !== undefined) {
    tables.push(sql`${wantedTable} AS MATERIALIZED (
      SELECT c.id FROM capabilities c WHERE ${inJsonArray(dialect, sql`c.name`, capabilities.names)})`);
  }
  if (metadata !== undefined) {
    const entries = dialect.jsonObjectEntries(metadata.entries, 'entry');
    tables.push(sql`${entryTable} AS MATERIALIZED (SELECT entry.key, entry.value FROM ${entries})`);
  }
  if (version?.ranges !== undefined) {
    const ranges = dialect.jsonRecordSet(version.ranges, 'r', rangeColumns);
    tables.push(sql`${rangeTable} AS MATERIALIZED (SELECT r.lower, r.upper, r.has_prereleases FROM ${ranges})`);
  }
  return tables;
}

// Conditions on the row of the agent itself.
function ownConditions(dialect: Dialect, filter: FilterSlots): Sql[] {
  const { ids, exactName, owner, statuses, namePart, version } = filter;
  const conditions = expiryConditions(dialect, filter);
  if (ids !== undefined) conditions.push(inJsonArray(dialect, sql`a.id`, ids));
  if (exactName !== undefined) conditions.push(sql`a.name = ${exactName}`);
  if (owner !== undefined) conditions.push(sql`a.owner = ${owner}`);
  if (statuses !== undefined) conditions.push(sql`a.status IN (${join(statuses)})`);
  if (namePart !== undefined) conditions.push(dialect.containsUnindexed(sql`a.name_folded`, namePart));
  if (version !== undefined) conditions.push(hasVersion(version));
  return conditions;
}

// Conditions on the other tables of the agent.
function relatedConditions(dialect: Dialect, filter: FilterSlots, id: Sql): Sql[] {
  const { fingerprintKey, capabilities, metadata } = filter;
  const conditions: Sql[] = [];
  if (fingerprintKey !== undefined) {
    conditions.push(
      sql`a.certificate_id = (SELECT cert.id FROM certificates cert WHERE cert.fingerprint_key = ${fingerprintKey})`,
    );
  }
  if (capabilities !== undefined) {
    conditions.push(
      capabilities.areAllWanted ? hasAllWanted(dialect, id, capabilities.count) : hasAnyWanted(dialect, id),
    );
  }
  const ofEndpoint = endpointConditions(filter);
  if (ofEndpoint !== undefined) {
    conditions.push(exists(sql`endpoints e WHERE e.agent_id = ${id} AND ${ofEndpoint}`));
  }
  if (metadata !== undefined) {
    conditions.push(sql`${metadata.count} = (SELECT count(*) FROM ${entryTable} w CROSS JOIN agent_metadata m
      WHERE m.agent_id = ${id} AND m.key = w.key AND m.value = w.value)`);
  }
  return conditions;
}

function hasAllWanted(dialect: Dialect, id: Sql, count: Sql): Sql {
  return sql`${count} = (SELECT count(*) FROM ${wantedLinks(dialect, id)})`;
}

function hasAnyWanted(dialect: Dialect, id: Sql): Sql {
  return exists(wantedLinks(dialect, id));
}

function wantedLinks(dialect: Dialect, id: Sql): Sql {
  const isWanted = dialect.inSubquery(sql`ac.capability_id`, sql`SELECT w.id FROM ${wantedTable} w`);
  return sql`agent_capabilities ac WHERE ac.agent_id = ${id} AND ${isWanted}`;
}

// Without an offset PostgreSQL may put the answers for all agents there are together first, to look up those of a few.
function exists(from: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} LIMIT 1 OFFSET 0)`;
}

/**
 * Returns the conditions on an endpoint `e`; undefined when the filter has none. Protocol and health are conditions on
 * the same endpoint.
 */
export function endpointConditions({ protocol, health }: FilterSlots): Sql | undefined {
  const conditions: Sql[] = [];
  if (protocol !== undefined) conditions.push(sql`e.protocol = ${protocol}`);
  if (health !== undefined) conditions.push(sql`e.health_status IN (${join(health)})`);
  return conditions.length === 0 ? undefined : allOf(conditions);
}

// The text of the statement is the same for any number of ranges. The key of a release ends with "~".
function hasVersion({ text, ranges }: NonNullable<FilterSlots['version']>): Sql {
  const isText = sql`a.version = ${text}`;
  if (ranges === undefined) return isText;
  return sql`(${isText} OR EXISTS (SELECT 1 FROM ${rangeTable} r WHERE a.version_key >= r.lower AND a.version_key < r.upper
    AND (r.has_prereleases = 1 OR a.version_key LIKE '%~')))`;
}

function expiryConditions(dialect: Dialect, { expiresBeforeMs, expiresAfterMs, nowMs }: FilterSlots): Sql[] {
  const conditions: Sql[] = [];
  if (expiresBeforeMs !== undefined) conditions.push(sql`a.expires_at < ${dialect.fromMs(expiresBeforeMs)}`);
  if (expiresAfterMs !== undefined) conditions.push(sql`a.expires_at > ${dialect.fromMs(expiresAfterMs)}`);
  if (nowMs !== undefined) {
    conditions.push(sql`a.expires_at > ${dialect.fromMs(nowMs)} AND a.status <> 'EXPIRED'`);
  }
  return conditions;
}
