import { DatabaseService, isDatabaseError } from '../../src';
import { soundReport } from '../support/sound-database';
import { administer } from '../support/administration';
import { applyMigrations, packageMigrations } from '../support/migrations';

const noteCount = 1000;

/** Creates a database that has the first migration only, and a table of the application with rows. */
export async function fillOldDatabase(url: string): Promise<void> {
  await applyMigrations(url, packageMigrations.slice(0, 1));
  await administer(
    url,
    `CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
      INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, ${noteCount}) n`,
  );
}

/** Starts a service that applies the migrations. The code of its failure, with the cause; undefined where it succeeded. */
export async function tryToOpen(url: string): Promise<string | undefined> {
  const db = new DatabaseService({ url, migrations: 'apply', retry: false, pool: { connectTimeoutMs: 2000 } });
  try {
    await db.initialize();
    return undefined;
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    return error.code;
  } finally {
    await db.close();
  }
}

/** Fails unless a start succeeds now, and the application's rows are unchanged. */
export async function expectRepaired(url: string): Promise<void> {
  await using db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  expect(await db.migrateDatabase()).toEqual([]);
  expect(await db.check()).toEqual(soundReport);
  const unchanged = "SELECT count(*)::integer AS count FROM notes WHERE text = 'note ' || id";
  expect(await administer(url, unchanged)).toEqual([{ count: noteCount }]);
}

/** Returns the names of all tables, indexes and sequences, and of the applied migrations. */
export function schemaOf(url: string): Promise<unknown[]> {
  return administer(
    url,
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
      UNION ALL SELECT migration_name FROM _prisma_migrations ORDER BY 1`,
  );
}
