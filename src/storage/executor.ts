import { Failure } from '../errors/failure';
import type { Dialect } from '../sql/dialect';
import type { Row, Statement, StatementResult } from '../sql/statement';
import type { ChangeEntry, Transaction } from './transaction';

/**
 * Runs statements on a database, or inside a transaction. Services use only this interface. Therefore a service does
 * not depend on the engine, or on whether a transaction is open.
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
   * transaction, and sees everything that was committed before the statement began. The change feed needs this.
   *
   * @throws CONFLICT inside a transaction: see {@link feedInsideTransaction}.
   */
  querySeparately(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /**
   * Runs `work` atomically: when `work` throws, all of its statements are rolled back. Inside a transaction, the
   * earlier statements of the transaction stay, and the transaction continues. Outside a transaction, `work` runs again
   * after a transient failure.
   *
   * @param beforeCommit - called with the change entries of `work`, before the last statements of `work` are sent. When
   * `work` is repeated, `beforeCommit` is called again.
   */
  withTransaction<T>(
    work: (tx: Transaction) => T | Promise<T>,
    beforeCommit?: (changes: readonly ChangeEntry[]) => void,
  ): Promise<T>;
}

/** Listener that an executor calls after each statement. */
export type StatementObserver = (statement: Statement, result: StatementResult, durationMs: number) => void;

/**
 * Creates the failure of a call that would use the change feed inside a transaction. The feed cannot work inside a
 * transaction, because a read of the feed must see the latest commits of other transactions. In addition, the
 * transaction's own changes get their numbers only when the transaction commits.
 */
export function feedInsideTransaction(): Failure {
  return new Failure('CONFLICT', 'the change feed cannot be used inside a transaction: use it after the transaction', {
    retryable: false,
  });
}
