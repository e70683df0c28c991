import { Failure } from '../errors/failure';
import type { Dialect } from '../sql/dialect';
import type { Row, Statement, StatementResult } from '../sql/statement';
import type { ChangeEntry, Transaction } from './transaction';

/**
 * Runs statements on one database, or inside one transaction of it. Services run their statements through this
 * interface only, so they do not depend on the engine, or on whether a transaction is open.
 */
export interface Executor {
  readonly dialect: Dialect;
  /**
   * Runs one read-only statement, and returns its rows. Outside a transaction, the statement sees the committed state
   * as one snapshot. Inside a transaction, it also sees the transaction's own changes.
   */
  query(statement: Statement): Promise<readonly Row[]>;
  /**
   * Runs read-only statements in order, on the primary, and returns the rows of each. Each statement is a separate
   * transaction: it sees everything that was committed before it began. The change feed is read in this way.
   *
   * @throws CONFLICT inside a transaction: see {@link feedInsideTransaction}.
   */
  querySeparately(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /**
   * Runs `work` atomically: when it throws, all of its statements are rolled back. Inside a transaction, only these
   * statements are rolled back, and the transaction continues. `work` runs again after a transient failure.
   *
   * @param beforeCommit - called with the change entries of `work` before its last statements are sent. It is called in
   * each repetition.
   */
  withTransaction<T>(
    work: (tx: Transaction) => T | Promise<T>,
    beforeCommit?: (changes: readonly ChangeEntry[]) => void,
  ): Promise<T>;
}

/** Called after each statement of an executor. */
export type StatementObserver = (statement: Statement, result: StatementResult, durationMs: number) => void;

/**
 * Creates the failure for reading or pruning the change feed inside a transaction. The transaction's own changes get
 * their numbers when it commits. The statements of the feed have to see the commits of others, which the transaction
 * does not see.
 */
export function feedInsideTransaction(): Failure {
  return new Failure('CONFLICT', 'the change feed cannot be used inside a transaction: use it after the transaction', {
    retryable: false,
  });
}
