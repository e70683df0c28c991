import type { PoolClient } from 'pg';
import { classifyPostgresqlError } from './errors/classify';

/**
 * Locks the table `name_locks` for a transaction that is repeated after a conflict, so that it does not conflict again
 * with unrelated registrations: all of them update shared rows of this table. Until the end of the transaction,
 * registrations and renames of every process wait. LOCK TABLE, unlike a query, waits before the server takes the
 * snapshot of the transaction. Does nothing when the role may not write to the table, because the role can then cause
 * no such conflict.
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
