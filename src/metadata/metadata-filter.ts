import type { Dialect } from '../sql/dialect';
import { raw, sql, type Sql } from '../sql/sql';
import { toEntriesJson, type MetadataRow } from './metadata-rows';

/** Table with the metadata of one kind of record. */
export interface MetadataTable {
  readonly table: 'agent_metadata' | 'certificate_metadata' | 'security_event_metadata';
  readonly ownerColumn: 'agent_id' | 'certificate_id' | 'event_id';
}

/** The ids of the records whose metadata hold every one of `rows`; JSON values are equal when their texts are. */
export function ownersWithMetadata(
  dialect: Dialect,
  { table, ownerColumn }: MetadataTable,
  rows: readonly MetadataRow[],
): Sql {
  const wanted = toEntriesJson(rows);
  // PostgreSQL estimates a hundred rows for any function, unless a LIMIT states that there are no more than these.
  const entries = sql`(SELECT * FROM ${dialect.jsonObjectEntries(sql`${wanted}`, 'entry')} LIMIT CAST(${rows.length} AS BIGINT)) AS wanted`;
  return sql`SELECT m.${raw(ownerColumn)} FROM ${entries}
    JOIN ${raw(table)} m ON m.key = wanted.key AND ${dialect.equalsLongText(sql`m.value`, sql`wanted.value`)}
    GROUP BY m.${raw(ownerColumn)} HAVING count(*) = ${rows.length}`;
}
