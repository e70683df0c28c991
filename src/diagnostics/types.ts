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

/**
 * Event at the end of a call of the public API. An iteration counts as several calls: one for each page that it reads.
 */
export interface CallEvent {
  readonly type: 'call';
  /**
   * Name of the call, such as `agents.get`. A `db.transaction` has the name `transaction`; the calls inside it have
   * separate events.
   */
  readonly operation: string;
  /** Value of the option `name` of a `db.transaction`. Absent for all other calls, and without this option. */
  readonly name?: string;
  readonly outcome: 'ok' | 'error';
  /**
   * Code of the error. Absent when the call succeeded, and when a callback of the application threw an error of its
   * own.
   */
  readonly code?: DatabaseErrorCode;
  /** Number of attempts of the call; 1 without a retry. */
  readonly attempts: number;
  /** Number of rows that all statements of the call have returned. */
  readonly rows: number;
  /** True when the record cache answered the call, also with a stale record during an outage. */
  readonly cached: boolean;
  /** Start of the call in milliseconds since 1970, with fractions of a millisecond, by the system clock. */
  readonly startedAt: number;
  /** Duration of the call in milliseconds, including all attempts and waits. */
  readonly durationMs: number;
}

/**
 * Event after each SQL statement that has succeeded. The `BEGIN`, `COMMIT` and `ROLLBACK` of a transaction are
 * reported; savepoints are not. On PostgreSQL, a short write may be sent as one message, which is a transaction without
 * `BEGIN` and `COMMIT`.
 */
export interface QueryEvent {
  readonly type: 'query';
  /** Name of the call that ran the statement, such as `agents.get`. */
  readonly operation: string;
  /** SQL of the statement, with placeholders for the parameters. */
  readonly sql: string;
  /** Number of rows that the statement returned. */
  readonly rows: number;
  /** Number of rows that the statement changed. */
  readonly changes: number;
  /**
   * Duration of the statement in milliseconds. On PostgreSQL, statements that are sent together all have the duration of
   * the whole batch.
   */
  readonly durationMs: number;
}

/** Event of a call that has failed. Each failed call is reported once. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly operation: string;
  readonly code: DatabaseErrorCode;
  /** Duration of the failed call in milliseconds, including all attempts and waits. */
  readonly durationMs: number;
  /** Number of attempts of the failed call; 1 without a retry. */
  readonly attempt: number;
}

/** Event of a call that is repeated after a transient failure. */
export interface RetryEvent {
  readonly type: 'retry';
  readonly operation: string;
  readonly code: DatabaseErrorCode;
  /** Number of the failed attempt, from 1. */
  readonly attempt: number;
  /** Time in milliseconds until the next attempt. */
  readonly delayMs: number;
}

/**
 * State of the circuit breaker. `closed`: calls reach the database. `open`: the database has failed to respond several
 * times, and calls fail at once with UNAVAILABLE. `half-open`: one call probes whether the database responds again.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Event of the circuit breaker when its state changes: see the option `breaker`. */
export interface BreakerEvent {
  readonly type: 'breaker';
  readonly state: BreakerState;
}

/** Event at the end of a `db.transaction`. A transaction that could not begin has no such event. */
export interface TransactionEvent {
  readonly type: 'transaction';
  /** Value of the option `name` of the transaction. Absent when it was not given. */
  readonly name?: string;
  readonly outcome: 'commit' | 'rollback';
  /** Number of times that the callback of the transaction was run; 1 without a retry. */
  readonly attempts: number;
  /** Duration of the transaction in milliseconds, including all attempts and waits. */
  readonly durationMs: number;
}

/** Event after each lookup in the record cache, and after each eviction. */
export interface CacheEvent {
  readonly type: 'cache';
  /**
   * Result of the lookup in the cache, or `evict`:
   *
   * - `hit`: the cache contained the record, or the result that it does not exist.
   * - `miss`: the cache had no result. The call has read the record, or waited for another call that was reading it.
   * - `stale`: the database was UNAVAILABLE, so a record that may be outdated was returned.
   * - `evict`: a record was removed because the cache was full.
   */
  readonly outcome: 'hit' | 'miss' | 'evict' | 'stale';
  readonly entity: 'agent' | 'certificate';
}

/** Event after migrations were applied. */
export interface MigrationEvent {
  readonly type: 'migration';
  readonly applied: readonly string[];
  readonly durationMs: number;
}

/** Logger with the interface of pino's: every method takes an object and a message. */
export interface Logger {
  debug(object: object, message: string): void;
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}
