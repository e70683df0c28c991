import type { Client } from 'pg';
import { Failure } from '../../errors/failure';

/**
 * Settings that the package's statements need, whatever the role or the database says. The plans: the statements leave the
 * planner little choice, and lose by what it guesses from the values of one call; compiling them takes longer than they
 * run. The others change what a statement means, which rows an index finds, or end the connection after any error.
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
};

const setAll = Object.entries(settings)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ');

// A crash of the server would lose acknowledged changes. What the URL, or the configuration of the whole server, says is
// left as it is. The view lists all settings, so it is read only where it matters.
const setDurability = `CASE WHEN current_setting('synchronous_commit') = 'off' THEN (
  SELECT set_config('synchronous_commit', 'on', false) FROM pg_settings WHERE name = 'synchronous_commit'
  AND source IN ('global', 'database', 'user', 'database user')) END`;

/** What a new connection has at its other end. */
export interface SessionState {
  /**
   * Whether the server itself is at the other end, and will be: a pooler gives numbers of its own to whoever connects, and
   * may have another connection serve the next transaction, which knows no statement by its name.
   */
  readonly isDirect: boolean;
  /** Whether the server is a standby, which only reads. */
  readonly isStandby: boolean;
}

/**
 * Prepares a new connection. A pooler's connections keep their settings: they would be everybody's.
 *
 * @param processId - the number of the server's process, as the server gave it when the connection was made.
 * @throws INVALID_OPTIONS when the role's session_replication_role switches foreign keys off and cannot be reset.
 */
export async function prepareSession(client: Client, processId: number): Promise<SessionState> {
  const isDirect = `pg_backend_pid() = ${processId}`;
  // The isolation is said, as a standby serves no session whose default is serializable.
  const text = `BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT ${isDirect}, pg_is_in_recovery(), current_setting('session_replication_role');
    SELECT ${setAll}, ${setDurability} WHERE ${isDirect};
    COMMIT`;
  // Of several statements there are several results, which the driver's types do not tell.
  const results = (await client.query({ text, rowMode: 'array' })) as unknown as readonly { rows: unknown[][] }[];
  const [direct, standby, replicationRole] = results[1]?.rows[0] ?? [];
  const state = { isDirect: direct === true, isStandby: standby === true };
  if (replicationRole === 'replica') await resetReplicationRole(client, state.isDirect);
  return state;
}

async function resetReplicationRole(client: Client, isDirect: boolean): Promise<void> {
  const message =
    'the setting session_replication_role = replica of the role or database switches foreign keys off: reset it with ALTER ROLE or ALTER DATABASE';
  if (!isDirect) throw new Failure('INVALID_OPTIONS', message, { field: 'url' });
  try {
    await client.query('SET session_replication_role = origin');
  } catch (error) {
    throw new Failure('INVALID_OPTIONS', message, { field: 'url', cause: error });
  }
}
