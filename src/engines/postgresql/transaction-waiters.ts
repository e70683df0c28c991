import type { TransactionWaiters } from '../../storage/engine';
import { runStatement, type PostgresqlConnections } from './connections';
import type { TransactionWithSavepoints } from './transaction-with-savepoints';
import { ManagedClient } from './managed-client';

/**
 * Selects the longest time, in milliseconds, that a connection of this Node.js process has waited for a lock of a
 * transaction; null when no connection waits. A connection also waits when it waits for a session that itself waits for
 * the transaction. The query reads pg_locks, because in pg_stat_activity a role sees only its own sessions completely.
 *
 * The first parameter is the pid of the transaction's session. The second parameter is the pids of the sessions of this
 * Node.js process. The third parameter is 1 behind a pooler, otherwise 0. Behind a pooler, the pids are unknown.
 * Therefore every session with the same database and application name counts as a connection of this process.
 */
const longestLockWaitSql = `WITH RECURSIVE
  waits AS (SELECT l.pid, pg_blocking_pids(l.pid) AS blockers FROM pg_locks l WHERE NOT l.granted),
  blocked(pid) AS (
    SELECT w.pid FROM waits w WHERE ?::integer = ANY (w.blockers)
    UNION SELECT w.pid FROM waits w JOIN blocked b ON b.pid = ANY (w.blockers))
  SELECT max(date_part('epoch', clock_timestamp() - a.query_start) * 1000)::bigint
  FROM blocked b JOIN pg_stat_activity a ON a.pid = b.pid
  WHERE b.pid = ANY (?::integer[]) OR ?::integer = 1 AND a.datname = current_database()
    AND a.application_name = current_setting('application_name')`;

/**
 * Creates an object that measures how long calls of this process wait for a transaction. They wait for its connection
 * when all connections are in use, or for one of its locks.
 *
 * @param control - connection for the query of lock waits. The transaction's own connection is not suitable: a query
 * would restart the server's measurement of the transaction's idle time.
 */
export function createWaiters(
  primary: PostgresqlConnections,
  control: PostgresqlConnections,
  { client, serverProcess }: TransactionWithSavepoints,
): TransactionWaiters {
  const longestLockWaitMs = async (): Promise<number> => {
    if (serverProcess === undefined || !primary.hasOthersInUse(client)) return 0;
    const isPooled = !(client instanceof ManagedClient && client.supportsNamedStatements);
    const args = [serverProcess, `{${primary.serverProcesses().join()}}`, isPooled ? 1 : 0];
    const { rows } = await control.withClient((asking) => runStatement(asking, { sql: longestLockWaitSql, args }));
    return Number(rows[0]?.[0] ?? 0);
  };
  return { longestWaitMs: async () => Math.max(primary.pool.longestWaitMs(), await longestLockWaitMs()) };
}
