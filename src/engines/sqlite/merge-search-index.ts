import type { Statement } from '../../sql/statement';
import type { SqliteDatabase } from './database';

/** Approximate number of pages that a step writes. It limits the time for which a step blocks the process. */
const stepPages = 32;

const totalChanges: Statement = { sql: 'SELECT total_changes()', args: [] };
const mergeSql = "INSERT INTO agent_names_search (agent_names_search, rank) VALUES ('merge', ?)";

/**
 * Merges the parts of the full-text index of names into one, so that a query by a part of a name reads fewer pages. Each
 * step is a separate transaction, so other writers wait only for one step.
 *
 * @see https://www.sqlite.org/fts5.html#the_merge_command
 */
export async function mergeSearchIndex(database: SqliteDatabase): Promise<void> {
  // A negative number begins a merge of all parts. Positive numbers continue it.
  for (let pages = -stepPages; ; pages = stepPages) {
    const changed = await database.write((connection) => {
      const count = () => Number(connection.run(totalChanges).rows[0]?.[0]);
      const before = count();
      connection.run({ sql: mergeSql, args: [pages] });
      return count() - before;
    });
    // SQLite counts the INSERT itself as one change.
    if (changed < 2) return;
  }
}
