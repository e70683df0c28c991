import SqliteDriver, { type Database } from 'better-sqlite3';
import { sqliteMigrations } from '../../../migrations/embedded/sqlite';
import { isOwnMigration } from '../../../migrations/migration';
import type { ExistingSchema } from '../../../migrations/runner';
import { readHistory } from './history';

/** Returns what the database contains apart from the history. */
export function inspectSchema(driver: Database): ExistingSchema {
  if (isEmpty(driver)) return 'empty';
  const initial = readInitialSchema();
  const isInitial = [...initial].every(([table, columns]) => columnsOf(driver, table).join() === columns.join());
  return isInitial ? 'initial' : 'other';
}

/** Reports whether the database contains nothing apart from the history. */
export function isEmpty(driver: Database): boolean {
  const objects =
    "SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> '_prisma_migrations'";
  return driver.prepare(objects).get() === undefined;
}

/** Reports whether the database belongs to this package: by a migration in its history, or by its tables. */
export function isOwnDatabase(driver: Database): boolean {
  // Includes migrations that did not finish: only this package has migrations with such names. The history omits
  // migrations that were marked as rolled back.
  const history = readHistory(driver) ?? [];
  if (history.some(({ name }) => isOwnMigration(name))) return true;
  const tables = tablesOf(driver);
  return [...readInitialSchema().keys()].every((table) => tables.includes(table));
}

/** Returns the columns of the tables that the first migration creates, in their order. */
function readInitialSchema(): Map<string, string[]> {
  const driver = new SqliteDriver(':memory:');
  try {
    driver.exec(sqliteMigrations[0]?.sql ?? '');
    return new Map(tablesOf(driver).map((table) => [table, columnsOf(driver, table)]));
  } finally {
    driver.close();
  }
}

function tablesOf(driver: Database): string[] {
  return driver.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
}

function columnsOf(driver: Database, table: string): string[] {
  return driver.prepare<[string], string>('SELECT name FROM pragma_table_info(?) ORDER BY cid').pluck().all(table);
}
