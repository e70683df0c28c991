import { toEntriesJson, type MetadataRow } from '../../metadata/metadata-rows';
import { parseMetadata } from '../../query/metadata-condition';
import { sql } from '../../sql/sql';
import { exists, field, rankOf, selectiveLimit, type AgentContext, type AgentSource } from './filter-term';

/** Name of the table expression with the metadata entries to search for. */
const tableName = 'wanted_entries';

/** Filter term for agents that have all given metadata entries. */
export const metadata = field({
  parse: parseMetadata,
  table: ({ bind }, { dialect, table }) => {
    const entries = dialect.jsonObjectEntries(bind(toEntriesJson), 'entry');
    return sql`${table(tableName)} AS MATERIALIZED (SELECT entry.key, entry.value FROM ${entries})`;
  },
  condition: ({ bind }, { id, table }) => {
    const count = bind((rows: readonly MetadataRow[]) => rows.length);
    // Uses EXISTS, because with a join PostgreSQL might scan the searched entries for each metadata entry of the agent.
    // This would take quadratic time.
    const entry = sql`agent_metadata m WHERE m.agent_id = ${id} AND m.key = w.key AND m.value = w.value`;
    return sql`${count} = (SELECT count(*) FROM ${table(tableName)} w WHERE ${exists(entry)})`;
  },
  source: (_, context) => sourceOfRarestEntry(context),
});

function sourceOfRarestEntry({ dialect, table }: AgentContext): AgentSource {
  const uses = sql`(SELECT count(*) FROM (SELECT 1 FROM agent_metadata m
    WHERE ${dialect.isMetadataEntry(sql`w.key`, sql`w.value`)} LIMIT ${selectiveLimit}) AS u)`;
  const value = sql`(SELECT value FROM rarest_entry)`;
  return {
    rank: rankOf.metadata,
    table: sql`rarest_entry AS MATERIALIZED (
    SELECT w.key, w.value FROM ${table(tableName)} w ORDER BY ${uses}, w.key LIMIT 1)`,
    candidates: sql`SELECT m.agent_id AS id FROM agent_metadata m
    WHERE m.key = (SELECT key FROM rarest_entry) AND ${dialect.equalsLongText(sql`m.value`, value)}`,
    hasDuplicates: false,
    isExact: false,
    isOwnColumn: false,
  };
}
