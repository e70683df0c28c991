import SqliteDriver, { type Database } from 'better-sqlite3';
import type { TestDatabase } from './test-database';

/** Another connection to a test's database, of no code of the package; the caller closes it. */
export function openRaw({ options }: Pick<TestDatabase, 'options'>): Database {
  return new SqliteDriver(options.url.replace(/^file:/, ''));
}

/** Changes a test's database as another program would. */
export function changeRaw(database: Pick<TestDatabase, 'options'>, sql: string): void {
  const driver = openRaw(database);
  try {
    driver.exec(sql);
  } finally {
    driver.close();
  }
}
