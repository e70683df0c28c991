import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDriver, { type Database } from './sqlite-driver';
import { runRaw } from './raw-client';
import { recordTables, selectAll, type Table } from './tables';
import type { TestDatabase } from './test-database';

/** A row by the names of its columns; times are milliseconds since 1970, booleans 0 or 1. */
export type RawRow = Record<string, unknown>;

export type LocatedDatabase = Pick<TestDatabase, 'options'>;

/** Returns the rows of queries without any code of the package, so that an error in reading cannot hide one in writing. */
export async function queryRaw({ options: { url } }: LocatedDatabase, ...queries: string[]): Promise<RawRow[][]> {
  if (isPostgresql(url)) return runRaw(url, queries.join(';\n'));
  return readSqlite(url, (driver) => queries.map((sql) => driver.prepare<[], RawRow>(sql).all()));
}

/**
 * Waits until no entry of the event chain is pending, so that an open service changes the chain no more. Stops waiting
 * after a second: without an open service, the entries stay pending.
 */
export async function untilSequenced({ options: { url } }: LocatedDatabase): Promise<void> {
  if (!isPostgresql(url)) return;
  const end = performance.now() + 1000;
  const isPending = async () => (await runRaw(url, 'SELECT id FROM security_event_pending_entries LIMIT 1'))[0]?.length;
  while ((await isPending()) === 1 && performance.now() < end) await sleep(10);
}

/** Returns the rows of a table in the order of its key. */
export async function rawRows(database: LocatedDatabase, table: Table): Promise<RawRow[]> {
  if (table.startsWith('security_event_')) await untilSequenced(database);
  const [rows = []] = await queryRaw(database, selectAll(table));
  return rows;
}

/** Returns the values of a column in the order of the key of the table. */
export async function rawValues(database: LocatedDatabase, table: Table, column: string): Promise<unknown[]> {
  return (await rawRows(database, table)).map((row) => row[column]);
}

/** Returns the number of rows in each table of the package. */
export async function rawCounts(database: LocatedDatabase): Promise<Record<string, number>> {
  return Object.fromEntries(Object.entries(await allRawRows(database)).map(([table, rows]) => [table, rows.length]));
}

/** Returns all rows of all tables of records, to assert that a call changed nothing. */
export async function allRawRows(database: LocatedDatabase): Promise<Record<string, RawRow[]>> {
  await untilSequenced(database);
  const rows = await queryRaw(database, ...recordTables.map(selectAll));
  return Object.fromEntries(recordTables.map((table, index) => [table, rows[index] ?? []]));
}

export function isPostgresql(url: string): boolean {
  return url.startsWith('postgres');
}

/** Reads a SQLite database through its driver. */
export function readSqlite<T>(url: string, read: (driver: Database) => T): T {
  const driver = new SqliteDriver(url.replace(/^file:/, ''), { readonly: true });
  try {
    return read(driver);
  } finally {
    driver.close();
  }
}
