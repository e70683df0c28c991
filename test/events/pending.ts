import { queryRaw, type LocatedDatabase } from '../support/raw-reader';

/** Returns the number of entries that are not in the event chain yet. */
export async function pendingCount(database: LocatedDatabase): Promise<number> {
  const [rows] = await queryRaw(database, 'SELECT count(*) AS count FROM security_event_pending_entries');
  return Number(rows?.[0]?.['count']);
}
