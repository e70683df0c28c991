import type { DatabaseErrorCode } from '../errors/database-error';

/**
 * Event for the option `onEvent`. Events contain no value, key or parameter of the caller. Durations are in milliseconds.
 *
 * @example
 * ```ts
 * const onEvent = (event: DatabaseEvent) => {
 *   if (event.type === 'query') histogram.record(event.durationMs, { operation: event.operation });
 * };
 * ```
 */
export type DatabaseEvent =
  QueryEvent | ErrorEvent | RetryEvent | BreakerEvent | TransactionEvent | CacheEvent | MigrationEvent;

/** A statement ran. Statements that begin or end transactions and savepoints are not reported. */
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
 * State of the circuit breaker. `closed`: calls reach the database. `open`: it did not answer repeatedly, and calls
 * fail at once with UNAVAILABLE. `half-open`: one call is probing whether it answers again.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** The circuit breaker has changed its state: see the option `breaker`. */
export interface BreakerEvent {
  readonly type: 'breaker';
  readonly state: BreakerState;
}

/** A `db.transaction` ended. */
export interface TransactionEvent {
  readonly type: 'transaction';
  readonly outcome: 'commit' | 'rollback';
  readonly durationMs: number;
}

/** The cache answered, missed or evicted a record. */
export interface CacheEvent {
  readonly type: 'cache';
  /**
   * `hit`: the cache had a result, which may be the absence of the record. `miss`: it had none, so the record was read,
   * or a read for another caller was already running. `evict`: a record was evicted to make room. `stale`: the database
   * was UNAVAILABLE, so a record that may be outdated was returned.
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
