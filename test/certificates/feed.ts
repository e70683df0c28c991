import { queryRaw, type LocatedDatabase } from '../support/raw-reader';

/** Returns the change feed after a sequence number: one text per change, such as `CERTIFICATE c1 UPDATED`. */
export async function feedOf(database: LocatedDatabase, after = 0): Promise<string[]> {
  const feed = `SELECT entity, entity_id, kind FROM changes WHERE sequence > ${after} ORDER BY sequence`;
  const [rows = []] = await queryRaw(database, feed);
  return rows.map((row) => [row['entity'], row['entity_id'], row['kind']].map(String).join(' '));
}

/** Returns the last sequence number of the change feed; 0 when the feed is empty. */
async function endOfFeed(database: LocatedDatabase): Promise<number> {
  const [rows = []] = await queryRaw(database, 'SELECT coalesce(max(sequence), 0) AS last FROM changes');
  return Number(rows[0]?.['last']);
}

/** Returns the entries that `work` adds to the change feed, in the format of `feedOf`. */
export async function newsOf(database: LocatedDatabase, work: () => Promise<unknown>): Promise<string[]> {
  const end = await endOfFeed(database);
  await work();
  return feedOf(database, end);
}
