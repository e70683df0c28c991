import type { Client } from 'pg';
import { Failure } from '../../errors/failure';

/**
 * Session settings that this package needs. They replace the settings of the database and of the role.
 *
 * - plan_cache_mode: always generic plans. The statements leave the planner little choice, and the values of one call
 *   would mislead it.
 * - jit: JIT compilation would take longer than the statements.
 * - All others: other values would change the meaning of a statement, the rows that an index finds, or the behavior
 *   after an error.
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
  // Prisma Client can parse times only in this format.
  DateStyle: 'ISO',
  TimeZone: 'UTC',
};

const setAll = Object.entries(settings)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ');

// Turns synchronous_commit on if the role or the database has turned it off: a crash of the server could otherwise lose
// acknowledged changes. Keeps a value from the URL or from the configuration of the server. Reads pg_settings only when
// necessary, because this view computes all settings.
const setDurability = `CASE WHEN current_setting('synchronous_commit') = 'off' THEN (
  SELECT set_config('synchronous_commit', 'on', false) FROM pg_settings WHERE name = 'synchronous_commit'
  AND source IN ('global', 'database', 'user', 'database user')) END`;

/** State of a new session on a connection. */
export interface SessionState {
  /**
   * True when the client keeps the same server connection for the whole session. Behind a pooler, each transaction may
   * get another server connection, on which named statements do not exist. The process ids that a pooler sends reveal
   * it.
   */
  readonly supportsNamedStatements: boolean;
  /** True when the server is a standby, which is read-only. */
  readonly isStandby: boolean;
}

/**
 * Prepares the session of a new connection. Changes no setting behind a pooler, because all clients of the pooler would
 * share the setting.
 *
 * @param processId - process id that the server sent when the connection was established.
 * @throws INVALID_OPTIONS when the role's session_replication_role disables foreign keys and cannot be reset.
 */
export async function prepareSession(client: Client, processId: number): Promise<SessionState> {
  const isDirect = `pg_backend_pid() = ${processId}`;
  // Sets the isolation level. A standby rejects every statement at the level serializable, which may be the default.
  const text = `BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT ${isDirect}, pg_is_in_recovery(), current_setting('session_replication_role');
    SELECT ${setAll}, ${setDurability} WHERE ${isDirect};
    COMMIT`;
  // The cast is necessary: for several statements, the driver returns an array of results, contrary to its types.
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
