import type { ChangeModel } from '../generated/prisma/models';
import type { Dialect } from '../sql/dialect';
import type { Row, Statement } from '../sql/statement';

/** Entry for the change feed and for the cache of this service, which evicts the records of the entry. */
export interface ChangeEntry {
  readonly entity: ChangeModel['entity'];
  readonly kind: ChangeModel['kind'];
  readonly ids: readonly string[];
  /** Time of the change, in milliseconds since 1970. */
  readonly changedAt: number;
  /** True when only the cache gets the entry. */
  readonly isOutsideFeed?: boolean;
}

/** Runs a statement that changes nothing, and returns its rows. */
export type Query = (statement: Statement) => Promise<readonly Row[]>;

/**
 * Handle of one atomic operation: all of its statements have an effect, or none has. When the operation throws, its
 * statements are rolled back and its change entries are dropped.
 *
 * Every method that returns a promise first sends the statements of earlier {@link executeAtCommit} calls, in the same
 * round trip.
 */
export interface Transaction {
  readonly dialect: Dialect;
  /**
   * Runs a statement that reads or locks, and returns its rows. The statement must not change anything: PostgreSQL
   * receives it together with BEGIN.
   */
  query(statement: Statement): Promise<readonly Row[]>;
  /**
   * Runs several statements that read or lock in one round trip, and returns the rows of each. Each statement sees the
   * effects of the ones before it.
   */
  queryAll(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /** Runs a statement that changes rows, and returns the number of changed rows. */
  execute(statement: Statement): Promise<number>;
  /**
   * Runs several statements that change rows in one round trip, and returns the number of changed rows of each. When a
   * statement fails, the later ones have no effect.
   */
  executeAll(statements: readonly Statement[]): Promise<readonly number[]>;
  /** Runs a statement that changes rows, and returns the rows of its RETURNING clause. */
  executeReturning(statement: Statement): Promise<readonly Row[]>;
  /**
   * Runs statements whose results are not needed. When the operation is a transaction by itself, they are sent together
   * with COMMIT. Inside `db.transaction`, they run at the end of the operation, so that their error rejects the call
   * that added them.
   */
  executeAtCommit(statements: readonly Statement[]): void;
  /**
   * Adds an entry to the change feed. All entries are written at the end of the transaction, because readers of the
   * feed wait until a transaction that has written entries has ended.
   */
  recordChange(entry: ChangeEntry): void;
  /** Requests that the engine appends the pending entries of events to their chain, soon after the commit. */
  requestSequencing(): void;
}

/** Returns the statements that write change entries to the feed; an empty array without entries. */
export type ChangeWriter = (dialect: Dialect, entries: readonly ChangeEntry[]) => readonly Statement[];
