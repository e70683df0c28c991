import { sqliteMigrations } from '../../../migrations/embedded/sqlite';
import { isOwnMigration } from '../../../migrations/migration';
import type { ExistingSchema } from '../../../migrations/runner';
import type { DriverConnection, SqliteDriver } from '../driver/driver';
import { readHistory } from './history';

/** Returns the kind of the schema in the database, without regard to the migration history. */
export function inspectSchema(connection: DriverConnection, driver: SqliteDriver): ExistingSchema {
  if (isEmpty(connection)) return 'empty';
  const initial = readInitialSchema(driver);
  const isInitial = [...initial].every(([table, columns]) => columnsOf(connection, table).join() === columns.join());
  return isInitial ? 'initial' : 'other';
}

/** Reports whether the database contains no objects except the migration history. */
export function isEmpty(connection: DriverConnection): boolean {
  const objects =
    "SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> '_prisma_migrations'";
  return connection.prepare(objects).get() === undefined;
}

/**
 * Reports whether the database belongs to this package. Its history then has a migration of this package, or its tables
 * are those of this package.
 */
export function isOwnDatabase(connection: DriverConnection, driver: SqliteDriver): boolean {
  // An unfinished migration of this package also shows that the database belongs to this package. The tables decide if
  // the history contains no such migration, for example because all are marked as rolled back.
  const history = readHistory(connection) ?? [];
  if (history.some(({ name }) => isOwnMigration(name))) return true;
  const tables = tablesOf(connection);
  return [...readInitialSchema(driver).keys()].every((table) => tables.includes(table));
}

/** Returns the columns of each table that the first migration creates, in the order of creation. */
function readInitialSchema(driver: SqliteDriver): Map<string, string[]> {
  const connection = driver.open(':memory:');
  try {
    connection.exec(sqliteMigrations[0]?.sql ?? '');
    return new Map(tablesOf(connection).map((table) => [table, columnsOf(connection, table)]));
  } finally {
    connection.close();
  }
}

function tablesOf(connection: DriverConnection): string[] {
  return connection.prepare<string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
}

function columnsOf(connection: DriverConnection, table: string): string[] {
  return connection.prepare<string>('SELECT name FROM pragma_table_info(?) ORDER BY cid').pluck().all(table);
}
