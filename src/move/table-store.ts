import type { BatchLimits } from './batches';
import type { Content } from './content';
import type { Row, Table } from './table';

/** Snapshot of a database, or a file that contains one, from which tables are copied. */
export interface Source {
  /** Returns the names of the tables that can be copied. */
  tableNames(): readonly string[];
  columnNames(table: string): readonly string[];
  count(table: Table): number | Promise<number>;
  /**
   * Returns the highest number that the counter of a table has assigned, even to a row that was deleted; 0 without a
   * counter.
   */
  lastNumber(table: Table): number | Promise<number>;
  /** Reads the rows of a table in the order of its key. */
  batches(table: Table, limits: BatchLimits): Iterable<Row[]> | AsyncIterable<Row[]>;
  /** Returns the digest of a table. */
  content(table: Table, limits: BatchLimits, onRows: (count: number) => void): Promise<Content>;
  /** Reports whether other connections have written to the database since the snapshot was taken. */
  hasChanged(): boolean;
}

/** Database that is filled in one transaction. */
export interface Target {
  /** Returns those of the named tables that exist. */
  tables(names: readonly string[]): Promise<Table[]>;
  begin(): Promise<void>;
  /** Blocks other writers of the tables until the transaction ends. */
  lock(tables: readonly Table[]): Promise<void>;
  /**
   * Checks that no table has rows.
   *
   * @throws MoveError when a table has rows
   */
  requireEmpty(tables: readonly Table[]): Promise<void>;
  /**
   * Prepares the search for a rejected row. Call it before the rows of a table are inserted, and again before they are
   * updated.
   */
  beginTable(): Promise<void>;
  /**
   * Inserts rows.
   *
   * @throws MoveError with the key of a row that the database rejects
   */
  insert(table: Table, rows: readonly Row[]): Promise<void>;
  /**
   * Updates existing rows: all columns except those of the key.
   *
   * @throws MoveError with the key of a row that the database rejects
   */
  update(table: Table, rows: readonly Row[]): Promise<void>;
  /**
   * Sets the counter of a table so that its next number is after `last`. Otherwise followers could miss later changes.
   */
  continueSequence(table: Table, last: number): Promise<void>;
  /** Reads the rows of a table in the order of its key. */
  batches(table: Table, limits: BatchLimits): AsyncIterable<Row[]>;
  /** Collects the planner statistics of the tables. */
  analyze(tables: readonly Table[]): Promise<void>;
  commit(): Promise<void>;
}
