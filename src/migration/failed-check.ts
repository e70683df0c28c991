import type { Database } from 'better-sqlite3';
import { sqliteErrorOf } from '../errors/sqlite-error';

/** The row that a migration could not copy. */
export interface FailedCheck {
  readonly table: string;
  readonly column: string;
  /** The id of the row, or what its first key column holds; undefined where that is not a text. */
  readonly id: string | undefined;
}

const copyPrefix = 'new_';

/**
 * Finds the row that broke a CHECK constraint while a migration copied a table into a new one. SQLite names the constraint
 * alone, and the script was undone. So it runs again, and what it did until it fails is left to be looked at.
 *
 * @param connection - is in a transaction that will be rolled back.
 * @returns undefined where the failure is another.
 */
export function findFailedCheck(connection: Database, script: string, error: unknown): FailedCheck | undefined {
  const name = /^CHECK constraint failed: (\w+)$/.exec(sqliteErrorOf(error)?.message ?? '')?.[1];
  if (name === undefined) return undefined;
  try {
    connection.exec(script);
  } catch {
    // As before.
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
