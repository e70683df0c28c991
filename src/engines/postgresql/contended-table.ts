import type { PoolClient } from 'pg';
import { classifyPostgresqlError } from './errors/classify';

/**
 * Locks the table `name_locks` for a transaction that is repeated after a conflict. All registrations update shared
 * rows of this table, so the transaction could otherwise conflict again with unrelated registrations. Registrations and
 * renames of every process wait until the end of the transaction. Unlike a query, LOCK TABLE waits before the server
 * takes the snapshot of the transaction. Does nothing when the role may not write to the table, because such a role
 * cannot cause this conflict.
 */
export async function lockContendedTable(client: PoolClient): Promise<void> {
  await client.query('SAVEPOINT before_lock');
  try {
    await client.query('LOCK TABLE name_locks IN SHARE ROW EXCLUSIVE MODE');
  } catch (error) {
    if (classifyPostgresqlError(error).code !== 'PERMISSION_DENIED') throw error;
    await client.query('ROLLBACK TO SAVEPOINT before_lock');
  }
}
