import type { DatabaseErrorCode } from '../errors/database-error';

/** What `onEvent` is told. No event holds a value, a key or a parameter of the caller's. Durations in milliseconds. */
export type DatabaseEvent = QueryEvent | ErrorEvent | RetryEvent | TransactionEvent | MigrationEvent;

/** A statement was run. Those that begin, end and divide transactions are not told of. */
export interface QueryEvent {
  readonly type: 'query';
  /** The call that it was run for, such as `agents.get`. */
  readonly operation: string;
  /** With placeholders in place of the parameters. */
  readonly sql: string;
  /** Rows returned. */
  readonly rows: number;
  /** Rows changed. */
  readonly changes: number;
  readonly durationMs: number;
}

/** A call failed. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly operation: string;
  readonly code: DatabaseErrorCode;
  readonly durationMs: number;
}

/** A transient failure is about to be followed by another attempt. */
export interface RetryEvent {
  readonly type: 'retry';
  readonly operation: string;
  readonly code: DatabaseErrorCode;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** The wait before the next one. */
  readonly delayMs: number;
}

/** A `db.transaction` ended. */
export interface TransactionEvent {
  readonly type: 'transaction';
  readonly outcome: 'commit' | 'rollback';
  readonly durationMs: number;
}

/** Migrations were applied. */
export interface MigrationEvent {
  readonly type: 'migration';
  readonly applied: readonly string[];
  readonly durationMs: number;
}

/** A logger in the form of pino's; every method is called with an object and a message. */
export interface Logger {
  debug(object: object, message: string): void;
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}
