import { sqliteMigrations } from '../../../migrations/embedded/sqlite';
import { isOwnMigration } from '../../../migrations/migration';
import type { ExistingSchema } from '../../../migrations/runner';
import type { DriverConnection, SqliteDriver } from '../driver/driver';
import { readHistory } from './history';

/** Returns the kind of objects that the database contains besides the history. */
export function inspectSchema(connection: DriverConnection, driver: SqliteDriver): ExistingSchema {
  if (isEmpty(connection)) return 'empty';
  const initial = readInitialSchema(driver);
  const isInitial = [...initial].every(([table, columns]) => columnsOf(connection, table).join() === columns.join());
  return isInitial ? 'initial' : 'other';
}

/** Reports whether the database contains no objects besides the history. */
export function isEmpty(connection: DriverConnection): boolean {
  const objects =
    "SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> '_prisma_migrations'";
  return connection.prepare(objects).get() === undefined;
}

/** Reports whether the database belongs to this package: by a migration in its history, or by its tables. */
export function isOwnDatabase(connection: DriverConnection, driver: SqliteDriver): boolean {
  // Looks for migrations that did not finish, too: only this package has migrations with such names. The tables decide
  // when the history has none, for example because its migrations were marked as rolled back.
  const history = readHistory(connection) ?? [];
  if (history.some(({ name }) => isOwnMigration(name))) return true;
  const tables = tablesOf(connection);
  return [...readInitialSchema(driver).keys()].every((table) => tables.includes(table));
}

/** Returns the columns of the tables that the first migration creates, in their order. */
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
