import SqliteDriver, { type Database } from 'better-sqlite3';
import { ScriptError } from '../console/run-script';
import { inBatches, type BatchLimits } from './batches';
import { fromSqlite, UnmovableError } from './sqlite-value';
import { quote, refusedRow, type Column, type Row, type Table } from './table';

/** Character with which the driver replaces invalid UTF-8. */
const replacementCharacter = '\uFFFD';

/** A SQLite database as it is at one moment, whatever is written to it meanwhile. */
export class SqliteSource {
  readonly #driver: Database;
  /** Sees what is written meanwhile. */
  readonly #observer: Database;
  readonly #firstVersion: unknown;

  private constructor(driver: Database, observer: Database) {
    this.#driver = driver;
    this.#observer = observer;
    this.#firstVersion = observer.pragma('data_version', { simple: true });
    // The snapshot is taken by the first read of the transaction.
    driver.exec('BEGIN');
    driver.prepare('SELECT count(*) FROM sqlite_schema').get();
  }

  static open(path: string): SqliteSource {
    const options = { readonly: true, fileMustExist: true };
    const driver = new SqliteDriver(path, options);
    const encoding = driver.pragma('encoding', { simple: true });
    if (encoding === 'UTF-8') return new SqliteSource(driver, new SqliteDriver(path, options));
    driver.close();
    // Its order of texts is another than that of their code points.
    throw new ScriptError(`the SQLite database has the encoding ${String(encoding)}; only UTF-8 can be moved`);
  }

  /** All tables but SQLite's and Prisma Migrate's own, and those of the search index, which is made from the others. */
  tableNames(): string[] {
    const sql = `SELECT name FROM sqlite_schema WHERE type = 'table'
      AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '_prisma_migrations'
      AND name <> 'agent_names' AND name NOT GLOB 'agent_names_search*' ORDER BY name`;
    return this.#driver.prepare<[], string>(sql).pluck().all();
  }

  columnNames(table: string): string[] {
    const sql = 'SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0';
    return this.#driver.prepare<[string], string>(sql).pluck().all(table);
  }

  count({ name }: Table): number {
    const sql = `SELECT count(*) FROM ${quote(name)}`;
    return this.#driver.prepare<[], number>(sql).pluck().get() ?? 0;
  }

  /** The greatest number that a table's rows ever had, though they may be gone; 0 where there was none. */
  lastNumber({ name }: Table): number {
    const sql = 'SELECT seq FROM sqlite_sequence WHERE name = ?';
    return this.#driver.prepare<[string], number>(sql).pluck().get(name) ?? 0;
  }

  /** The rows of a table in the order of its key. @throws ScriptError at a value that PostgreSQL cannot take */
  batches(table: Table, limits: BatchLimits): Generator<Row[]> {
    return inBatches(this.#rows(table), limits);
  }

  /** Reports whether the database was written to since the snapshot was taken. */
  hasChanged(): boolean {
    return this.#observer.pragma('data_version', { simple: true }) !== this.#firstVersion;
  }

  close(): void {
    this.#driver.close();
    this.#observer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *#rows(table: Table): Generator<Row> {
    const columns = table.columns.map(({ name }) => quote(name)).join(', ');
    const order = table.key.map((name) => `${quote(name)} COLLATE BINARY`).join(', ');
    const select = this.#driver.prepare<[], unknown[]>(`SELECT ${columns} FROM ${quote(table.name)} ORDER BY ${order}`);
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
      if (error instanceof UnmovableError) throw refusedRow(table, values, error.message);
      throw error;
    }
  }

  /** The character may be there, or stand for bytes that the driver could not read: then they would change unnoticed. */
  #checkBytes({ name, columns, key }: Table, values: readonly unknown[], column: Column): void {
    const indexes = key.map((part) => columns.findIndex((candidate) => candidate.name === part));
    const condition = key.map((part) => `${quote(part)} = ?`).join(' AND ');
    const sql = `SELECT CAST(${quote(column.name)} AS BLOB) FROM ${quote(name)} WHERE ${condition}`;
    const bytes = this.#driver
      .prepare<unknown[], Buffer>(sql)
      .pluck()
      .get(...indexes.map((index) => values[index]));
    const text = String(values[columns.indexOf(column)]);
    if (bytes?.equals(Buffer.from(text)) !== true) throw new UnmovableError(`${column.name} holds no UTF-8`);
  }
}
