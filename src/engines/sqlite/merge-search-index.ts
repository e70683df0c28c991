import type { Statement } from '../../sql/statement';
import type { SqliteDatabase } from './database';

/**
 * Approximate number of pages that one step of the merge writes. The number limits how long a step blocks the process.
 */
const stepPages = 32;

const totalChanges: Statement = { sql: 'SELECT total_changes()', args: [] };
const mergeSql = "INSERT INTO agent_names_search (agent_names_search, rank) VALUES ('merge', ?)";

/**
 * Merges the parts of the search index of names into one, so that a search reads fewer pages. Each step is a separate
 * transaction, so other writers wait only for one step.
 *
 * @see https://www.sqlite.org/fts5.html#the_merge_command
 */
export async function mergeSearchIndex(database: SqliteDatabase): Promise<void> {
  // A negative number begins a merge of all parts. A positive number continues the merge.
  for (let pages = -stepPages; ; pages = stepPages) {
    const changed = await database.write((connection) => {
      const count = () => Number(connection.run(totalChanges).rows[0]?.[0]);
      const before = count();
      connection.run({ sql: mergeSql, args: [pages] });
      return count() - before;
    });
    // The INSERT itself counts as one change. So at most one change means that nothing was left to merge.
    if (changed < 2) return;
  }
}
