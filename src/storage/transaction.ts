import type { ChangeModel } from '../generated/prisma/models';
import type { Dialect } from '../sql/dialect';
import type { Row, Statement } from '../sql/statement';

/**
 * Change of records. The change feed gets an entry for the change, and the record cache of this process evicts the
 * records.
 */
export interface ChangeEntry {
  readonly entity: ChangeModel['entity'];
  readonly kind: ChangeModel['kind'];
  readonly ids: readonly string[];
  /** Time of the change, in milliseconds since 1970. */
  readonly changedAt: number;
  /** True when the record cache must evict the records, but the change feed gets no entry. */
  readonly isOutsideFeed?: boolean;
}

/** Runs a statement that only reads or locks, and returns its rows. */
export type Query = (statement: Statement) => Promise<readonly Row[]>;

/**
 * Handle of one atomic operation: either all statements of the operation have an effect, or none has. When the
 * operation throws, its statements are rolled back and its change entries are dropped.
 *
 * Every method that returns a promise first sends the statements of earlier {@link executeAtCommit} calls, in the same
 * round trip.
 */
export interface Transaction {
  readonly dialect: Dialect;
  /**
   * Runs a statement that reads or locks, and returns its rows. The statement must not change rows, because PostgreSQL
   * may receive it together with BEGIN.
   */
  query(statement: Statement): Promise<readonly Row[]>;
  /**
   * Runs several statements that read or lock, in one round trip. Returns the rows of each. Each statement sees the
   * effects of the statements before it.
   */
  queryAll(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /** Runs a statement that changes rows, and returns the number of changed rows. */
  execute(statement: Statement): Promise<number>;
  /**
   * Runs several statements that change rows, in one round trip. Returns the number of changed rows of each. When a
   * statement fails, the later ones do not run.
   */
  executeAll(statements: readonly Statement[]): Promise<readonly number[]>;
  /** Runs a statement that changes rows, and returns the rows of its RETURNING clause. */
  executeReturning(statement: Statement): Promise<readonly Row[]>;
  /**
   * Runs statements whose results are not needed. When no `db.transaction` is open, the statements are sent together
   * with COMMIT. Inside `db.transaction`, the statements run at the end of the operation: if one fails, the call
   * rejects, but the whole transaction does not.
   */
  executeAtCommit(statements: readonly Statement[]): void;
  /**
   * Adds an entry to the change feed. The entry is written at the end of the transaction, because readers of the feed
   * wait for the transaction from then on.
   */
  recordChange(entry: ChangeEntry): void;
  /** Requests that the pending entries of security events are appended to the event chain soon after the commit. */
  requestSequencing(): void;
}

/** Returns the statements that write entries to the change feed; an empty array when there are no entries. */
export type ChangeWriter = (dialect: Dialect, entries: readonly ChangeEntry[]) => readonly Statement[];
