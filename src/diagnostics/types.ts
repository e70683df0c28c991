import type { DatabaseErrorCode } from '../errors/database-error';

/**
 * Event for the option `onEvent`. Events contain no value, key or parameter of the caller. Durations are in
 * milliseconds.
 *
 * @example
 * ```ts
 * const onEvent = (event: DatabaseEvent) => {
 *   if (event.type === 'call') histogram.record(event.durationMs, { operation: event.operation });
 * };
 * ```
 */
export type DatabaseEvent =
  CallEvent | QueryEvent | ErrorEvent | RetryEvent | BreakerEvent | TransactionEvent | CacheEvent | MigrationEvent;

/** A call of the public API, or one of the reads of an iteration, has ended. */
export interface CallEvent {
  readonly type: 'call';
  /**
   * Call, such as `agents.get`. A call of `db.transaction` is `transaction`; the calls inside it have their own events.
   */
  readonly operation: string;
  /** Name of a `db.transaction`: its option `name`. Absent when it was not given, and for all other calls. */
  readonly name?: string;
  readonly outcome: 'ok' | 'error';
  /** Code of the error. Absent when there is none, and for an error that a callback of the application has thrown. */
  readonly code?: DatabaseErrorCode;
  /** Number of attempts; 1 without a retry. */
  readonly attempts: number;
  /** Number of rows that the statements of the call returned. */
  readonly rows: number;
  /** True when the cache answered the call, even with a stale record during an outage. */
  readonly cached: boolean;
  /** Start of the call in milliseconds since 1970, with fractions, by the system clock. */
  readonly startedAt: number;
  /** Duration with all attempts and waits, in milliseconds. */
  readonly durationMs: number;
}

/**
 * A statement ran successfully. `BEGIN`, `COMMIT` and `ROLLBACK` of transactions are reported; savepoints are not. A
 * short write on PostgreSQL may be one message that is a transaction by itself: then there is no `BEGIN` and no
 * `COMMIT`.
 */
export interface QueryEvent {
  readonly type: 'query';
  /** Call that ran the statement, such as `agents.get`. */
  readonly operation: string;
  /** SQL with placeholders for the parameters. */
  readonly sql: string;
  /** Number of returned rows. */
  readonly rows: number;
  /** Number of changed rows. */
  readonly changes: number;
  readonly durationMs: number;
}

/** A call failed. Each failure is reported once. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly operation: string;
  readonly code: DatabaseErrorCode;
  /** Duration of the call with all attempts and waits, in milliseconds. */
  readonly durationMs: number;
  /** Number of attempts; 1 without a retry. */
  readonly attempt: number;
}

/** A call is repeated after a transient failure. */
export interface RetryEvent {
  readonly type: 'retry';
  readonly operation: string;
  readonly code: DatabaseErrorCode;
  /** Number of the failed attempt, from 1. */
  readonly attempt: number;
  /** Wait before the next attempt, in milliseconds. */
  readonly delayMs: number;
}

/**
 * State of the circuit breaker. `closed`: calls reach the database. `open`: the database has failed to respond several
 * times, and calls fail at once with UNAVAILABLE. `half-open`: one call probes whether the database responds again.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** The circuit breaker has changed its state: see the option `breaker`. */
export interface BreakerEvent {
  readonly type: 'breaker';
  readonly state: BreakerState;
}

/** A `db.transaction` has ended. Not emitted for a transaction that could not begin. */
export interface TransactionEvent {
  readonly type: 'transaction';
  /** Value of the option `name`. Absent when it was not given. */
  readonly name?: string;
  readonly outcome: 'commit' | 'rollback';
  /** Number of times that the callback was run; 1 without a retry. */
  readonly attempts: number;
  /** Duration with all attempts and waits, in milliseconds. */
  readonly durationMs: number;
}

/** The cache answered, missed or evicted a record. */
export interface CacheEvent {
  readonly type: 'cache';
  /**
   * `hit`: the cache had the record, or the result that it does not exist. `miss`: the cache had no result, so the call
   * read the record, or waited for another caller's read of it. `evict`: a record was evicted to make room. `stale`:
   * the database was UNAVAILABLE, so a record that may be outdated was returned.
   */
  readonly outcome: 'hit' | 'miss' | 'evict' | 'stale';
  readonly entity: 'agent' | 'certificate';
}

/** Migrations were applied. */
export interface MigrationEvent {
  readonly type: 'migration';
  readonly applied: readonly string[];
  readonly durationMs: number;
}

/** Logger in the form of pino's: every method is called with an object and a message. */
export interface Logger {
  debug(object: object, message: string): void;
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}
