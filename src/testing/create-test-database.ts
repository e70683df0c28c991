import { DatabaseService } from '../database-service';
import type { DatabaseOptions } from '../options/types';

/** Options of {@link createTestDatabase}: the options of a database, except those about its location. */
export type TestDatabaseOptions = Omit<
  DatabaseOptions,
  'url' | 'replicaUrls' | 'maxReplicaLagMs' | 'migrations' | 'allowReset'
>;

/**
 * Opens a new, empty SQLite database in memory, with all migrations applied. Each call creates another database, so
 * tests do not influence each other. `close()` removes the database; `await using` calls `close()`.
 *
 * @throws INVALID_OPTIONS when an option is invalid; DRIVER_UNAVAILABLE when the SQLite driver cannot be loaded.
 * @example
 * ```ts
 * await using db = await createTestDatabase();
 * const { agentId } = await registerTestAgent(db, { name: 'planner' });
 * console.assert((await db.queryAgents({ exactName: 'planner' }))[0]?.id === agentId);
 * ```
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<DatabaseService> {
  const db = new DatabaseService({ ...options, url: ':memory:', migrations: 'apply' });
  await db.initialize();
  return db;
}
