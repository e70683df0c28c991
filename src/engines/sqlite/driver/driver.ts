import type { FileIdentity } from '../file-identity';

/** Name of the SQLite module of Node.js. The name also stands for the path of its library, which is part of Node.js. */
export const nodeSqliteName = 'node:sqlite';

/** Native library that contains SQLite. */
export interface SqliteLibrary {
  /**
   * Identity of the library's file. The operating system loads a file only once per process, even under several names.
   */
  readonly id: FileIdentity;
  /** Real path of the library's file; `node:sqlite` for the library that is part of Node.js. */
  readonly path: string;
}

/** Options of a new SQLite connection. */
export interface ConnectionOptions {
  readonly readonly?: boolean;
  /** True to fail when the file does not exist. Otherwise a missing file is created. */
  readonly fileMustExist?: boolean;
  /**
   * Maximum time in milliseconds for which SQLite itself waits for locks of other connections. The wait blocks the
   * thread.
   */
  readonly timeout?: number;
}

/**
 * Loaded driver of SQLite. Its connections and statements have the methods of better-sqlite3 that this package uses.
 * Their results and errors are also the same.
 */
export interface SqliteDriver {
  readonly library: SqliteLibrary;
  /** Source text for a thread. It declares the class `Driver`. `new Driver(path, options)` opens a connection. */
  readonly threadSource: string;
  /** Opens a connection. All methods of the connection and its statements are synchronous. */
  open(path: string, options?: ConnectionOptions): DriverConnection;
}

/** Connection of a driver to a SQLite file. */
export interface DriverConnection {
  readonly open: boolean;
  readonly inTransaction: boolean;
  /** Compiles one SQL statement. The compiled statement returns its rows as objects of type `Row`. */
  prepare<Row = unknown>(sql: string): DriverStatement<Row>;
  /** Runs any number of SQL statements without parameters. */
  exec(sql: string): unknown;
  /** Runs a PRAGMA, and returns its rows as objects. With `simple`, returns the first column of the first row. */
  pragma(source: string, options?: { readonly simple?: boolean }): unknown;
  close(): unknown;
}

/** Compiled statement. Integers are numbers, and blobs are of the class Buffer. */
export interface DriverStatement<Row> {
  /** True for a statement that returns rows, even if it also writes. */
  readonly reader: boolean;
  /** True for a statement that does not change the database. */
  readonly readonly: boolean;
  /** Makes the statement return each row as an array of values. */
  raw(toggle?: boolean): this;
  /** Makes the statement return only the first value of each row. */
  pluck(toggle?: boolean): this;
  /** Makes the statement return integers as bigint. */
  safeIntegers(toggle?: boolean): this;
  columns(): readonly DriverColumn[];
  /** Returns the first row; undefined when the result has no row. */
  get(...args: readonly unknown[]): Row | undefined;
  all(...args: readonly unknown[]): Row[];
  iterate(...args: readonly unknown[]): IterableIterator<Row>;
  /** Runs a statement that returns no rows. `changes` is the number of rows that it inserted, updated or deleted. */
  run(...args: readonly unknown[]): { readonly changes: number };
}

/** Column of the rows that a statement returns. */
export interface DriverColumn {
  readonly name: string;
  /** Type that the table declares for the column; null for an expression. */
  readonly type: string | null;
}
