import type { PoolClient } from 'pg';
import { classifyPostgresqlError } from './errors/classify';

/**
 * The tables on which unrelated transactions conflict: registrations update shared rows of name locks, and every
 * security event refers to the previous one. A lock on these tables blocks registrations, renames and security events
 * in every process that uses the database.
 */
const contendedTables = ['name_locks', 'security_event_entries'] as const;

/** Maximum number of attempts to lock the tables without a long wait for the second one. */
const maxTries = 20;
/** Minimum time that an attempt waits for the second table, in milliseconds: most transactions end sooner. */
const minWaitMs = 10;
const maxWaitMs = 40;

/**
 * Locks the tables on which unrelated transactions conflict, so that no other transaction conflicts on them with a
 * repeated transaction. Unlike a query, LOCK TABLE waits before the snapshot of the transaction is taken.
 *
 * Applications write to the tables in either order. A transaction that holds one table and waits for the other could
 * block all others until the server detects a deadlock, after one second. So an attempt holds the first table for a
 * short time only, and the next attempt begins with the table that it waited for.
 */
export async function lockContendedTables(client: PoolClient): Promise<void> {
  const { rows } = await client.query<[string]>({ text: 'SHOW lock_timeout', rowMode: 'array' });
  const lockTimeout = rows[0]?.[0] ?? '0';
  const [one, other] = contendedTables;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const [first, second] = tries % 2 === 0 ? [one, other] : [other, one];
    if (await lockBoth(client, first, second, lockTimeout)) return;
  }
  for (const table of contendedTables) await lockTable(client, table);
}

/** Locks both tables. Returns false, and leaves no table locked, when the second table does not become free soon. */
async function lockBoth(client: PoolClient, first: string, second: string, lockTimeout: string): Promise<boolean> {
  await client.query('SAVEPOINT before_locks');
  await lockTable(client, first);
  // Random: two concurrent attempts with equal waits would conflict again and again.
  const waitMs = Math.round(minWaitMs + Math.random() * (maxWaitMs - minWaitMs));
  await client.query(`SET LOCAL lock_timeout = ${waitMs}`);
  try {
    await lockTable(client, second);
  } catch (error) {
    if (classifyPostgresqlError(error).code !== 'BUSY') throw error;
    await client.query('ROLLBACK TO SAVEPOINT before_locks');
    return false;
  }
  await client.query(`SET LOCAL lock_timeout = '${lockTimeout}'`);
  return true;
}

/** Locks a table. Does nothing when the role may not write to it: such a role cannot conflict on it. */
async function lockTable(client: PoolClient, table: string): Promise<void> {
  await client.query('SAVEPOINT before_lock');
  try {
    await client.query(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
  } catch (error) {
    if (classifyPostgresqlError(error).code !== 'PERMISSION_DENIED') throw error;
    await client.query('ROLLBACK TO SAVEPOINT before_lock');
  }
}
