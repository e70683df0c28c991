import type { DriverConnection, SqliteDriver } from '../engines/sqlite/driver/driver';
import { MoveError } from './move-error';
import { inBatches, type BatchLimits } from './batches';
import { fromSqlite, UnmovableError } from './sqlite-value';
import { quote, toRowError, type Column, type Row, type Table } from './table';

/** Character with which the driver replaces invalid UTF-8. */
const replacementCharacter = '\uFFFD';

/**
 * Snapshot of a SQLite database. Later writes to the database are not visible in it.
 *
 * This class reads with SQL and not with Prisma Client, for three reasons. The move includes tables of the application,
 * which Prisma Client does not know. SQLite stores values of any type in any column, but Prisma Client converts such
 * values, or refuses them without naming the row. Reading 20,000 agents in pages of 1,000 took two to three times as
 * long with Prisma Client.
 */
export class SqliteSource {
  readonly #snapshot: DriverConnection;
  /** Connection outside the snapshot, which notices later writes. */
  readonly #observer: DriverConnection;
  readonly #firstVersion: unknown;

  private constructor(snapshot: DriverConnection, observer: DriverConnection) {
    this.#snapshot = snapshot;
    this.#observer = observer;
    this.#firstVersion = observer.pragma('data_version', { simple: true });
    // BEGIN takes no snapshot: the first read of the transaction takes it.
    snapshot.exec('BEGIN');
    snapshot.prepare('SELECT count(*) FROM sqlite_schema').get();
  }

  static open(path: string, driver: SqliteDriver): SqliteSource {
    const options = { readonly: true, fileMustExist: true };
    const snapshot = driver.open(path, options);
    const encoding = snapshot.pragma('encoding', { simple: true });
    if (encoding === 'UTF-8') return new SqliteSource(snapshot, driver.open(path, options));
    snapshot.close();
    // UTF-16 databases do not sort text by code point.
    throw new MoveError(`the SQLite database has the encoding ${String(encoding)}; only UTF-8 is supported`);
  }

  /** Returns all tables except those of SQLite, of Prisma Migrate and of the search index, which is derived. */
  tableNames(): string[] {
    const sql = `SELECT name FROM sqlite_schema WHERE type = 'table'
      AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '_prisma_migrations'
      AND name <> 'agent_names' AND name NOT GLOB 'agent_names_search*' ORDER BY name`;
    return this.#snapshot.prepare<string>(sql).pluck().all();
  }

  columnNames(table: string): string[] {
    const sql = 'SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0';
    return this.#snapshot.prepare<string>(sql).pluck().all(table);
  }

  count({ name }: Table): number {
    const sql = `SELECT count(*) FROM ${quote(name)}`;
    return this.#snapshot.prepare<number>(sql).pluck().get() ?? 0;
  }

  /**
   * Returns the highest AUTOINCREMENT number that the table has ever assigned, also to a deleted row; 0 without one.
   */
  lastNumber({ name }: Table): number {
    const sql = 'SELECT seq FROM sqlite_sequence WHERE name = ?';
    return this.#snapshot.prepare<number>(sql).pluck().get(name) ?? 0;
  }

  /**
   * Reads the rows of a table in the order of its key.
   *
   * @throws MoveError when PostgreSQL cannot store a value.
   */
  batches(table: Table, limits: BatchLimits): Generator<Row[]> {
    return inBatches(this.#rows(table), limits);
  }

  /** Reports whether the database was written to since the snapshot was taken. */
  hasChanged(): boolean {
    return this.#observer.pragma('data_version', { simple: true }) !== this.#firstVersion;
  }

  close(): void {
    this.#snapshot.close();
    this.#observer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *#rows(table: Table): Generator<Row> {
    const columns = table.columns.map(({ name }) => quote(name)).join(', ');
    const order = table.key.map((name) => `${quote(name)} COLLATE BINARY`).join(', ');
    const select = this.#snapshot.prepare<unknown[]>(`SELECT ${columns} FROM ${quote(table.name)} ORDER BY ${order}`);
    for (const values of select.raw().iterate()) yield this.#toRow(table, values);
  }

  #toRow(table: Table, values: readonly unknown[]): Row {
    try {
      return table.columns.map((column, index) => {
        const value = fromSqlite(values[index], column);
        if (typeof value === 'string' && value.includes(replacementCharacter)) this.#checkBytes(table, values, column);
        return value;
      });
    } catch (error) {
      if (error instanceof UnmovableError) throw toRowError(table, values, error.message);
      throw error;
    }
  }

  /** Checks that a replacement character was stored, and does not replace invalid bytes. @throws UnmovableError */
  #checkBytes({ name, columns, key }: Table, values: readonly unknown[], column: Column): void {
    const indexes = key.map((part) => columns.findIndex((candidate) => candidate.name === part));
    const condition = key.map((part) => `${quote(part)} = ?`).join(' AND ');
    const sql = `SELECT CAST(${quote(column.name)} AS BLOB) FROM ${quote(name)} WHERE ${condition}`;
    const bytes = this.#snapshot
      .prepare<Buffer>(sql)
      .pluck()
      .get(...indexes.map((index) => values[index]));
    const text = String(values[columns.indexOf(column)]);
    if (bytes?.equals(Buffer.from(text)) !== true) throw new UnmovableError(`${column.name} is not valid UTF-8`);
  }
}
