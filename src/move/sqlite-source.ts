import type { DriverConnection, SqliteDriver } from '../engines/sqlite/driver/driver';
import { MoveError } from './move-error';
import { inBatches, type BatchLimits } from './batches';
import { contentOf, type Content } from './content';
import { readSqliteTables } from './sqlite-catalogue';
import { readSqliteRows } from './sqlite-rows';
import { quote, type Row, type Table } from './table';
import type { Source } from './table-store';

/**
 * Snapshot of a SQLite database, which later writes do not change.
 *
 * This class reads with SQL and not with Prisma Client. Prisma Client does not know the tables of the application.
 * Prisma Client converts a stored value with a wrong type, or fails without naming the row. Also, reading 20,000 agents
 * in pages of 1,000 took two to three times as long with Prisma Client.
 */
export class SqliteSource implements Source {
  readonly #snapshot: DriverConnection;
  /**
   * Second connection to the database. Its data version shows whether others have written since the snapshot was taken.
   */
  readonly #observer: DriverConnection;
  readonly #firstVersion: unknown;

  private constructor(snapshot: DriverConnection, observer: DriverConnection) {
    this.#snapshot = snapshot;
    this.#observer = observer;
    this.#firstVersion = observer.pragma('data_version', { simple: true });
    // Reads once, because SQLite takes the snapshot at the first read of the transaction and not at BEGIN.
    snapshot.exec('BEGIN');
    snapshot.prepare('SELECT count(*) FROM sqlite_schema').get();
  }

  static open(path: string, driver: SqliteDriver): SqliteSource {
    const options = { readonly: true, fileMustExist: true };
    const snapshot = driver.open(path, options);
    const encoding = snapshot.pragma('encoding', { simple: true });
    if (encoding === 'UTF-8') return new SqliteSource(snapshot, driver.open(path, options));
    snapshot.close();
    // Rejects a UTF-16 database, because SQLite does not sort its texts by code point.
    throw new MoveError(`the SQLite database has the encoding ${String(encoding)}; only UTF-8 is supported`);
  }

  /**
   * Returns the names of the tables to copy. Excludes the tables of SQLite and Prisma Migrate, and the search index,
   * which can be derived.
   */
  tableNames(): string[] {
    const sql = `SELECT name FROM sqlite_schema WHERE type = 'table'
      AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '_prisma_migrations'
      AND name <> 'agent_names' AND name NOT GLOB 'agent_names_search*' ORDER BY name`;
    return this.#snapshot.prepare<string>(sql).pluck().all();
  }

  /** Returns the named tables that exist in the SQLite database. */
  tables(names: readonly string[]): Table[] {
    return readSqliteTables(this.#snapshot, names);
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
   * Returns the highest AUTOINCREMENT number that a table has assigned, even to a row that was deleted. Returns 0 when
   * the table has no AUTOINCREMENT column.
   */
  lastNumber({ name }: Table): number {
    const sql = 'SELECT seq FROM sqlite_sequence WHERE name = ?';
    return this.#snapshot.prepare<number>(sql).pluck().get(name) ?? 0;
  }

  /**
   * Reads the rows of a SQLite table in the order of its primary key.
   *
   * @throws MoveError when PostgreSQL cannot store a value.
   */
  batches(table: Table, limits: BatchLimits): Generator<Row[]> {
    return inBatches(readSqliteRows(this.#snapshot, table), limits);
  }

  content(table: Table, limits: BatchLimits, onRows: (count: number) => void): Promise<Content> {
    return contentOf(this.batches(table, limits), onRows);
  }

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
}
