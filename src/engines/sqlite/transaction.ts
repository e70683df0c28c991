import type { TransactionWaiters } from '../../storage/engine';
import { Failure } from '../../errors/failure';
import type { Statement } from '../../sql/statement';
import type { SqliteConnection } from './connection';

/**
 * Statements that begin and end a transaction. BEGIN IMMEDIATE takes the write lock at once, so that no later statement
 * has to wait for the lock.
 */
export const transactionControl = {
  begin: { sql: 'BEGIN IMMEDIATE', args: [] },
  commit: { sql: 'COMMIT', args: [] },
  rollback: { sql: 'ROLLBACK', args: [] },
} satisfies Record<string, Statement>;

/** SQLite transaction that holds the write lock. The caller must call exactly one of `commit` and `rollback`. */
export interface SqliteTransaction {
  readonly waiters: TransactionWaiters;
  readonly connection: SqliteConnection;
  /**
   * Checks that the transaction is still open, so that the next statement on the connection is part of it.
   *
   * @throws CONFLICT when the caller has ended the transaction; UNAVAILABLE when a fault of the storage has ended it,
   * or when a file of the database is not in place.
   */
  assertOpen(): void;
  commit(): void;
  rollback(): void;
}

/** Creates the failure for a transaction that SQLite itself has rolled back, for example because the disk is full. */
export function rolledBackByStorage(): Failure {
  return new Failure('UNAVAILABLE', 'SQLite rolled the transaction back after a storage error');
}

/**
 * Rolls back the transaction because of `error`, and returns the error to throw. This is `error`, unless the rollback
 * also fails. Then it is an AggregateError of both errors, with `error` as the cause.
 */
export function rollbackAfter(error: unknown, transaction: SqliteTransaction): unknown {
  try {
    transaction.rollback();
    return error;
  } catch (rollbackError) {
    const both = new AggregateError([error, rollbackError], 'the transaction and its rollback failed');
    both.cause = error;
    return both;
  }
}
