import { SqliteConnection } from '../engines/sqlite/connection';
import { sqliteErrorOf } from '../engines/sqlite/errors/sqlite-error';
import type { DriverConnection, SqliteDriver } from '../engines/sqlite/driver/driver';
import { MoveError } from './move-error';
import { inBatches, type BatchLimits } from './batches';
import { readSqliteTables } from './sqlite-catalogue';
import { readSqliteRows } from './sqlite-rows';
import type { Target } from './table-store';
import { quote, toRowError, type Row, type Table, type Value } from './table';

/** Maximum time in milliseconds to wait for the locks of other processes. */
const busyTimeoutMs = 5000;

/** SQLite database that an import fills in one transaction. */
export class SqliteTarget implements Target {
  readonly #connection: SqliteConnection;
  readonly #driver: DriverConnection;

  private constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#driver = connection.driver;
    this.#driver.pragma(`busy_timeout = ${busyTimeoutMs}`);
  }

  /** Opens a SQLite file that already has the tables of this package. */
  static async open(path: string, driver: SqliteDriver): Promise<SqliteTarget> {
    return new SqliteTarget(await SqliteConnection.openWriter({ path, driver, busyTimeoutMs, durability: 'full' }));
  }

  tables(names: readonly string[]): Promise<Table[]> {
    return Promise.resolve(readSqliteTables(this.#driver, names));
  }

  begin(): Promise<void> {
    this.#driver.exec('BEGIN IMMEDIATE');
    return Promise.resolve();
  }

  /** Does nothing, because `begin` has already blocked all other writers. */
  lock(): Promise<void> {
    return Promise.resolve();
  }

  requireEmpty(tables: readonly Table[]): Promise<void> {
    requireEmptyTables(this.#driver, tables);
    return Promise.resolve();
  }

  /** Does nothing: each row has a statement of its own, so the rejected row is known. */
  beginTable(): Promise<void> {
    return Promise.resolve();
  }

  insert(table: Table, rows: readonly Row[]): Promise<void> {
    const columns = table.columns.map(({ name }) => quote(name)).join(', ');
    const values = table.columns.map(() => '?').join(', ');
    return this.#write(`INSERT INTO ${quote(table.name)} (${columns}) VALUES (${values})`, table, rows);
  }

  update(table: Table, rows: readonly Row[]): Promise<void> {
    const { columns, key } = table;
    const changed = columns.map(({ name }) => name).filter((name) => !key.includes(name));
    const settings = changed.map((name) => `${quote(name)} = ?`).join(', ');
    const condition = key.map((name) => `${quote(name)} = ?`).join(' AND ');
    const indexes = [...changed, ...key].map((name) => columns.findIndex((column) => column.name === name));
    return this.#write(`UPDATE ${quote(table.name)} SET ${settings} WHERE ${condition}`, table, rows, indexes);
  }

  continueSequence({ name }: Table, last: number): Promise<void> {
    this.#driver.prepare('DELETE FROM sqlite_sequence WHERE name = ?').run(name);
    if (last > 0) this.#driver.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(name, last);
    return Promise.resolve();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
  async *batches(table: Table, limits: BatchLimits): AsyncGenerator<Row[]> {
    yield* inBatches(readSqliteRows(this.#driver, table), limits);
  }

  /** Does nothing, because the queries of this package do not need planner statistics on SQLite. */
  analyze(): Promise<void> {
    return Promise.resolve();
  }

  commit(): Promise<void> {
    this.#driver.exec('COMMIT');
    return Promise.resolve();
  }

  /** Closes the connection, which rolls back an open transaction. */
  [Symbol.dispose](): void {
    if (this.#driver.inTransaction) this.#driver.exec('ROLLBACK');
    this.#connection.close();
  }

  /**
   * Runs an SQL statement once for each row.
   *
   * @param indexes - for each parameter of the statement, the index of its value in a row.
   */
  #write(
    sql: string,
    table: Table,
    rows: readonly Row[],
    indexes = table.columns.map((_, index) => index),
  ): Promise<void> {
    const statement = this.#driver.prepare(sql);
    for (const row of rows) {
      try {
        statement.run(...indexes.map((index) => toSqlite(row[index] ?? null)));
      } catch (error) {
        const code = constraintOf(error);
        if (code === undefined) throw error;
        throw toRowError(table, row, `SQLite rejects it (${code})`);
      }
    }
    return Promise.resolve();
  }
}

/**
 * Checks that the named tables of a SQLite file have no rows. Does not change the file.
 *
 * @throws MoveError when a table has rows
 */
export function requireEmptyFile(path: string, driver: SqliteDriver, names: readonly string[]): void {
  const connection = driver.open(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    const existing = connection.prepare<string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    requireEmptyTables(
      connection,
      names.filter((name) => existing.includes(name)).map((name) => ({ name })),
    );
  } finally {
    connection.close();
  }
}

function requireEmptyTables(driver: DriverConnection, tables: readonly { readonly name: string }[]): void {
  const filled = tables.filter(
    ({ name }) => driver.prepare(`SELECT 1 FROM ${quote(name)} LIMIT 1`).get() !== undefined,
  );
  if (filled.length === 0) return;
  const names = filled.map(({ name }) => name).join(', ');
  throw new MoveError(`the SQLite database is not empty: it has rows in ${names}; nothing was written`);
}

function toSqlite(value: Value): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** Returns the SQLite result code of an error that concerns one row; undefined for any other error. */
function constraintOf(error: unknown): string | undefined {
  const code = sqliteErrorOf(error)?.code ?? '';
  return /^SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG)/.test(code) ? code : undefined;
}
