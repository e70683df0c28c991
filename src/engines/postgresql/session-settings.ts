import type { Client } from 'pg';
import { Failure } from '../../errors/failure';

/**
 * Settings that the package's statements need, whatever the role and the database set. The first two concern the
 * planner:
 *
 * - Generic plans are best. The statements leave the planner little choice, and the values of one call mislead it.
 * - JIT compilation would take longer than the statements run.
 *
 * Any other value of the later settings would change the meaning of a statement, change the rows that an index finds,
 * or end the connection after any error.
 */
const settings: Readonly<Record<string, string>> = {
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  default_transaction_isolation: 'read committed',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  array_nulls: 'on',
  gin_fuzzy_search_limit: '0',
  exit_on_error: 'off',
  // Prisma Client parses times in this form only.
  DateStyle: 'ISO',
  TimeZone: 'UTC',
};

const setAll = Object.entries(settings)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ');

// Turns synchronous_commit on when the role or the database has turned it off. Otherwise a crash of the server could
// lose acknowledged changes. Keeps a value from the URL or from the configuration of the whole server. The view
// pg_settings computes all settings, so the query reads it only when necessary.
const setDurability = `CASE WHEN current_setting('synchronous_commit') = 'off' THEN (
  SELECT set_config('synchronous_commit', 'on', false) FROM pg_settings WHERE name = 'synchronous_commit'
  AND source IN ('global', 'database', 'user', 'database user')) END`;

/** State of a new session. */
export interface SessionState {
  /**
   * True when the client has the same server connection for the whole session. Behind a pooler it may get another
   * server connection for the next transaction, where its named statements do not exist. A pooler is recognised by the
   * process ids that it assigns.
   */
  readonly supportsNamedStatements: boolean;
  /** True when the server is a standby, which is read-only. */
  readonly isStandby: boolean;
}

/**
 * Prepares a new connection. Does not change the settings behind a pooler, because all of its clients share them.
 *
 * @param processId - process id that the server sent when the connection was established.
 * @throws INVALID_OPTIONS when the role's session_replication_role disables foreign keys and cannot be reset.
 */
export async function prepareSession(client: Client, processId: number): Promise<SessionState> {
  const isDirect = `pg_backend_pid() = ${processId}`;
  // Sets the isolation level: a standby rejects every statement when the default level is serializable.
  const text = `BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT ${isDirect}, pg_is_in_recovery(), current_setting('session_replication_role');
    SELECT ${setAll}, ${setDurability} WHERE ${isDirect};
    COMMIT`;
  // The cast is needed: for several statements, the driver returns several results, which its types omit.
  const results = (await client.query({ text, rowMode: 'array' })) as unknown as readonly { rows: unknown[][] }[];
  const [direct, standby, replicationRole] = results[1]?.rows[0] ?? [];
  const state = { supportsNamedStatements: direct === true, isStandby: standby === true };
  if (replicationRole === 'replica') await resetReplicationRole(client, state.supportsNamedStatements);
  return state;
}

async function resetReplicationRole(client: Client, isDirect: boolean): Promise<void> {
  const message =
    'the setting session_replication_role = replica of the role or database disables foreign keys: reset it with ALTER ROLE or ALTER DATABASE';
  if (!isDirect) throw new Failure('INVALID_OPTIONS', message, { field: 'url' });
  try {
    await client.query('SET session_replication_role = origin');
  } catch (error) {
    throw new Failure('INVALID_OPTIONS', message, { field: 'url', cause: error });
  }
}
