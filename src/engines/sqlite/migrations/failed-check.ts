import type { DriverConnection } from '../driver/driver';
import { quoteId } from '../../../sql/quote-id';
import { sqliteErrorOf } from '../errors/sqlite-error';

/** Prefix of the name of a new table that a migration creates to replace a table. */
const copyPrefix = 'new_';

/**
 * Describes the row that violated a CHECK constraint while a migration copied a table into a new one. SQLite itself
 * reports only the name of the constraint, but somebody must find and correct the row. Returns undefined for any other
 * failure.
 *
 * @param driver - connection in the transaction of the migration. The effects of the earlier statements of the
 * migration must still be visible.
 */
export function describeFailedCheck(driver: DriverConnection, error: unknown): string | undefined {
  const constraint = /^CHECK constraint failed: (\w+)$/.exec(sqliteErrorOf(error)?.message ?? '')?.[1];
  // SQLite has already ended the transaction after some failures.
  if (constraint === undefined || !driver.inTransaction) return undefined;
  const find = driver.prepare<{ name: string; sql: string }>(
    `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND instr(sql, '"' || ? || '"') > 0`,
  );
  const copy = find.get(constraint);
  const condition = new RegExp(`CONSTRAINT "${constraint}" CHECK (\\(.*\\)),?$`, 'm').exec(copy?.sql ?? '')?.[1];
  if (copy?.name.startsWith(copyPrefix) !== true || condition === undefined) return undefined;
  const table = copy.name.slice(copyPrefix.length);
  const column = constraint.slice(table.length + 1, -'_check'.length);
  return `the row of table ${table} ${findRow(driver, table, condition)} has an invalid ${column}`;
}

function findRow(driver: DriverConnection, table: string, condition: string): string {
  const keySql = 'SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk';
  const key = driver.prepare<string>(keySql).pluck().get(table) ?? 'rowid';
  const id: unknown = driver.prepare(`SELECT "${key}" FROM "${table}" WHERE NOT ${condition} LIMIT 1`).pluck().get();
  return typeof id === 'string' ? `with id ${quoteId(id)}` : 'whose id is not a string';
}
