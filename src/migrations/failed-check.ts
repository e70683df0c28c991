import type { Database } from 'better-sqlite3';
import { sqliteErrorOf } from '../engines/sqlite/errors/error';

/** Row that a migration could not copy. */
export interface FailedCheck {
  readonly table: string;
  readonly column: string;
  /** Id of the row, or the value of its first key column; undefined when that is not a string. */
  readonly id: string | undefined;
}

const copyPrefix = 'new_';

/**
 * Finds the row that violated a CHECK constraint while a migration copied a table into a new one. SQLite only reports
 * the constraint, and the script was rolled back. So this function runs it again until it fails, and searches the rows.
 *
 * @param connection - is in a transaction that will be rolled back.
 * @returns undefined for any other failure.
 */
export function findFailedCheck(connection: Database, script: string, error: unknown): FailedCheck | undefined {
  const name = /^CHECK constraint failed: (\w+)$/.exec(sqliteErrorOf(error)?.message ?? '')?.[1];
  if (name === undefined) return undefined;
  try {
    connection.exec(script);
  } catch {
    // Fails as before.
  }
  return readFailedCheck(connection, name);
}

function readFailedCheck(connection: Database, name: string): FailedCheck | undefined {
  const find = connection.prepare<[string], { name: string; sql: string }>(
    `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND instr(sql, '"' || ? || '"') > 0`,
  );
  const copy = find.get(name);
  if (copy?.name.startsWith(copyPrefix) !== true) return undefined;
  const table = copy.name.slice(copyPrefix.length);
  const condition = new RegExp(`CONSTRAINT "${name}" CHECK (\\(.*\\)),?$`, 'm').exec(copy.sql)?.[1];
  if (condition === undefined) return undefined;
  const key = connection
    .prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
    .pluck()
    .get(table);
  const row = `SELECT "${key ?? 'rowid'}" FROM "${table}" WHERE NOT ${condition} LIMIT 1`;
  const id: unknown = connection.prepare(row).pluck().get();
  const column = name.slice(table.length + 1, -'_check'.length);
  return { table, column, id: typeof id === 'string' ? id : undefined };
}
