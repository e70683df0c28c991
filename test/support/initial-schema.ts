import { join } from 'node:path';
import SqliteDriver from './sqlite-driver';
import { sqliteMigrations } from '../../src/migrations/embedded/sqlite';
import { temporaryDirectory } from './test-database';

/**
 * Creates a SQLite database with the initial schema and without a history, in a directory of its own. Foreign keys are
 * not enforced while `sql` runs. Returns the path of the database.
 */
export function createInitialDatabase(sql: string): string {
  const path = join(temporaryDirectory(), 'initial.sqlite');
  const driver = new SqliteDriver(path);
  try {
    driver.exec(sqliteMigrations[0]?.sql ?? '');
    driver.pragma('foreign_keys = OFF');
    driver.exec(sql);
  } finally {
    driver.close();
  }
  return path;
}
