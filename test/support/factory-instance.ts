import { DatabaseService, DatabaseServiceFactory, type DatabaseOptions } from '../../src';
import { afterTest } from './test-database';

/**
 * Resets the instance of the process after the test. The options name the database of the test: without them a reset that
 * finds no instance would delete the default database in the working directory.
 */
export function resetAfterTest(options: DatabaseOptions): void {
  afterTest(() => DatabaseServiceFactory.resetDatabase(options));
}

/** Opens a database, counts its agents, and closes it. */
export async function countAgents(url: string): Promise<number> {
  const db = new DatabaseService({ url });
  await db.initialize();
  try {
    return await db.agents.count({});
  } finally {
    await db.close();
  }
}
