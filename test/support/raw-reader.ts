import SqliteDriver, { type Database } from 'better-sqlite3';
import type { TestDatabase } from './test-database';

/** Reads a test's database without any code of the package, so that a fault on both ways cannot hide. */
export function readRaw<T>({ options }: Pick<TestDatabase, 'options'>, read: (driver: Database) => T): T {
  const driver = new SqliteDriver(options.url.replace(/^file:/, ''), { readonly: true });
  try {
    return read(driver);
  } finally {
    driver.close();
  }
}

/** The rows of a table, in the order of insertion. */
export function rawRows(database: Pick<TestDatabase, 'options'>, table: string): Record<string, unknown>[] {
  return readRaw(database, (driver) =>
    driver.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY rowid`).all(),
  );
}

const tables = [
  'agents',
  'endpoints',
  'capabilities',
  'agent_capabilities',
  'agent_metadata',
  'certificates',
  'certificate_metadata',
  'security_events',
  'security_event_metadata',
];

/** How many rows each of the package's tables holds. */
export function rawCounts(database: Pick<TestDatabase, 'options'>): Record<string, number> {
  return Object.fromEntries(Object.entries(allRawRows(database)).map(([table, rows]) => [table, rows.length]));
}

/** All rows of all of the package's tables: what a call that must change nothing leaves as it was. */
export function allRawRows(database: Pick<TestDatabase, 'options'>): Record<string, unknown[]> {
  return readRaw(database, (driver) =>
    Object.fromEntries(tables.map((table) => [table, driver.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all()])),
  );
}
