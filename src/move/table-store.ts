import type { BatchLimits } from './batches';
import type { Content } from './content';
import type { Row, Table } from './table';

/** Database snapshot, or export file, from which tables are copied. */
export interface Source {
  /** Returns the names of the tables that can be copied. */
  tableNames(): readonly string[];
  columnNames(table: string): readonly string[];
  count(table: Table): number | Promise<number>;
  /**
   * Returns the highest number that the row counter of a table has assigned, even to a row that was deleted. Returns 0
   * when the table has no counter.
   */
  lastNumber(table: Table): number | Promise<number>;
  /** Reads the rows of a table in batches, in the order of the primary key. */
  batches(table: Table, limits: BatchLimits): Iterable<Row[]> | AsyncIterable<Row[]>;
  /** Returns the digest of a table's content. */
  content(table: Table, limits: BatchLimits, onRows: (count: number) => void): Promise<Content>;
  /** Reports whether other connections have written to the database since the snapshot was taken. */
  hasChanged(): boolean;
}

/** Database that a move or an import fills in one transaction. */
export interface Target {
  /** Returns the named tables that exist in the target database. */
  tables(names: readonly string[]): Promise<Table[]>;
  begin(): Promise<void>;
  /** Blocks other writers of the tables until the transaction ends. */
  lock(tables: readonly Table[]): Promise<void>;
  /**
   * Checks that all given tables are empty.
   *
   * @throws MoveError when a table has rows
   */
  requireEmpty(tables: readonly Table[]): Promise<void>;
  /**
   * Prepares the search for a row that the database rejects. Call it before the rows of a table are inserted, and again
   * before they are updated.
   */
  beginTable(): Promise<void>;
  /**
   * Inserts rows into a table.
   *
   * @throws MoveError with the key of a row that the database rejects
   */
  insert(table: Table, rows: readonly Row[]): Promise<void>;
  /**
   * Updates existing rows of a table: all columns except those of the key.
   *
   * @throws MoveError with the key of a row that the database rejects
   */
  update(table: Table, rows: readonly Row[]): Promise<void>;
  /**
   * Sets the row counter of a table so that its next number is after `last`. Otherwise followers of the change feed
   * could miss later changes.
   */
  continueSequence(table: Table, last: number): Promise<void>;
  /** Reads the rows of a table in batches, in the order of the primary key. */
  batches(table: Table, limits: BatchLimits): AsyncIterable<Row[]>;
  /** Collects the planner statistics of the tables. */
  analyze(tables: readonly Table[]): Promise<void>;
  commit(): Promise<void>;
}
