import { rawRows, type LocatedDatabase } from '../support/raw-reader';

/** The feed of changes from the row `after` on, one text a change, such as `CERTIFICATE c1 UPDATED`. */
export async function feedOf(database: LocatedDatabase, after = 0): Promise<string[]> {
  const rows = await rawRows(database, 'changes');
  return rows.slice(after).map((row) => [row['entity'], row['entity_id'], row['kind']].map(String).join(' '));
}

/** What `work` adds to the feed. */
export async function newsOf(database: LocatedDatabase, work: () => Promise<unknown>): Promise<string[]> {
  const { length } = await feedOf(database);
  await work();
  return feedOf(database, length);
}
