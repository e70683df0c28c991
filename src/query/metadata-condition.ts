import { toEntriesJson, toMetadataFilter, type MetadataRow } from '../metadata/metadata-rows';
import type { Dialect } from '../sql/dialect';
import { raw, sql, type Sql } from '../sql/sql';
import type { ParseField, TermInput, TermKey } from './filter-field';

/** Table with the metadata of one kind of record. */
export interface MetadataTable {
  readonly table: 'agent_metadata' | 'certificate_metadata' | 'security_event_metadata';
  readonly ownerColumn: 'agent_id' | 'certificate_id' | 'event_id';
}

/** Parses the metadata that a query searches for. An empty object does not restrict the results. */
export const parseMetadata: ParseField<MetadataRow[]> = toMetadataFilter;

/**
 * Returns a query condition that the record `id` has all given metadata. JSON values are equal when their canonical
 * texts are equal.
 */
export function hasMetadata(id: Sql, { table, ownerColumn }: MetadataTable) {
  const owner = sql`m.${raw(ownerColumn)}`;
  return {
    parse: parseMetadata,
    condition: ({ bind }: TermInput<MetadataRow[], TermKey>, { dialect }: { readonly dialect: Dialect }): Sql => {
      const count = bind((rows) => rows.length);
      // The LIMIT tells PostgreSQL the number of metadata entries. Otherwise PostgreSQL would assume a hundred rows, as
      // for every function that returns rows.
      const entries = sql`(SELECT * FROM ${dialect.jsonObjectEntries(bind(toEntriesJson), 'entry')} LIMIT CAST(${count} AS BIGINT)) AS wanted`;
      return sql`${id} IN (SELECT ${owner} FROM ${entries}
    JOIN ${raw(table)} m ON m.key = wanted.key AND ${dialect.equalsLongText(sql`m.value`, sql`wanted.value`)}
    GROUP BY ${owner} HAVING count(*) = ${count})`;
    },
  };
}
