import type { TransactionWaiters } from '../executor';
import { Failure } from '../../errors/failure';
import type { Statement } from '../../sql/statement';
import type { SqliteConnection } from './sqlite-connection';

/** The statements that begin and end a transaction. It takes the write lock at once, so that none of its statements has to. */
export const transactionControl = {
  begin: { sql: 'BEGIN IMMEDIATE', args: [] },
  commit: { sql: 'COMMIT', args: [] },
  rollback: { sql: 'ROLLBACK', args: [] },
} satisfies Record<string, Statement>;

/** A transaction that holds the write lock. Exactly one of `commit` and `rollback` has to be called. */
export interface SqliteTransaction {
  readonly waiters: TransactionWaiters;
  readonly connection: SqliteConnection;
  /** @throws where a statement on the connection would not be part of this transaction any more. */
  assertOpen(): void;
  commit(): void;
  rollback(): void;
}

/** After some failures, such as a full disk, SQLite ends the transaction by itself. */
export function rolledBackByStorage(): Failure {
  return new Failure('UNAVAILABLE', 'the transaction was rolled back by the storage');
}

/** Rolls back because of `error`, which stays the one to report; a failure of the rollback itself is kept beside it. */
export function rollbackAfter(error: unknown, transaction: SqliteTransaction): unknown {
  try {
    transaction.rollback();
    return error;
  } catch (rollbackError) {
    const both = new AggregateError([error, rollbackError], 'the transaction failed, and so did its rollback');
    both.cause = error;
    return both;
  }
}
