import type { PoolClient } from 'pg';
import { classifyError } from '../../errors/classify-error';

/** Every event follows the last one, so that transactions with events conflict easily. */
const chainTable = 'security_event_entries';
/** Registrations share rows of names. Who locks this table keeps every service from registering and renaming agents. */
const namesTable = 'name_locks';

/** How often the tables are locked without waiting long for the second one. */
const maxTries = 20;
/** How long a try waits for the second table, in milliseconds: most transactions end sooner. */
const minWaitMs = 10;
const maxWaitMs = 40;

/**
 * Locks the tables that unrelated transactions conflict about, so that nobody disturbs a repeated transaction: the chain of
 * events, and at the last attempt the names, too. Unlike a query, LOCK TABLE waits before the snapshot of the transaction is
 * taken.
 *
 * Applications write to the tables in either order. Whoever holds one of them and waits for the other would stop all
 * others until the server finds a deadlock, after a second. So a try holds the first table for a short time only, and the
 * next one begins with the table that it waited for.
 */
export async function lockContendedTables(client: PoolClient, isLastAttempt: boolean): Promise<void> {
  if (!isLastAttempt) return lockTable(client, chainTable);
  const { rows } = await client.query<[string]>({ text: 'SHOW lock_timeout', rowMode: 'array' });
  const lockTimeout = rows[0]?.[0] ?? '0';
  for (let tries = 0; tries < maxTries; tries += 1) {
    const [first, second] = tries % 2 === 0 ? [namesTable, chainTable] : [chainTable, namesTable];
    if (await lockBoth(client, first, second, lockTimeout)) return;
  }
  await lockTable(client, namesTable);
  await lockTable(client, chainTable);
}

/** Returns false, and leaves nothing locked, where the second table is not free soon. */
async function lockBoth(client: PoolClient, first: string, second: string, lockTimeout: string): Promise<boolean> {
  await client.query('SAVEPOINT before_locks');
  await lockTable(client, first);
  // Two that try at once would get into each other's way again and again, if they waited equally long.
  const waitMs = Math.round(minWaitMs + Math.random() * (maxWaitMs - minWaitMs));
  await client.query(`SET LOCAL lock_timeout = ${waitMs}`);
  try {
    await lockTable(client, second);
  } catch (error) {
    if (classifyError(error).code !== 'BUSY') throw error;
    await client.query('ROLLBACK TO SAVEPOINT before_locks');
    return false;
  }
  await client.query(`SET LOCAL lock_timeout = '${lockTimeout}'`);
  return true;
}

/** A role that may not write to a table does not conflict about it. */
async function lockTable(client: PoolClient, table: string): Promise<void> {
  await client.query('SAVEPOINT before_lock');
  try {
    await client.query(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
  } catch (error) {
    if (classifyError(error).code !== 'PERMISSION_DENIED') throw error;
    await client.query('ROLLBACK TO SAVEPOINT before_lock');
  }
}
