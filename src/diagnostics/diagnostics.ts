import { isDatabaseError, type DatabaseError } from '../errors/database-error';
import { driverErrorOf } from '../errors/driver-error';
import { originalOf } from '../errors/failure';
import { Call, type CallTrace } from './call';
import { Counters } from './counters';
import { describeError } from './describe-error';
import type { BreakerState, CacheEvent, DatabaseEvent, Logger, TransactionEvent } from './types';

/** Codes of errors that an operator has to correct. They are logged with the level `error`. */
const severeCodes: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'STORAGE_FULL',
  'READ_ONLY',
  'CORRUPT',
  'DRIVER_UNAVAILABLE',
  'SCHEMA_TOO_NEW',
  'MIGRATION_FAILED',
  'INTERNAL',
]);

/**
 * Codes of errors that the caller has to correct. They are logged with the level `debug`, because the caller's own
 * error handling reports them.
 */
const callerCodes: ReadonlySet<string> = new Set([
  'INVALID_INPUT',
  'OUT_OF_RANGE',
  'ALREADY_EXISTS',
  'REFERENCE_NOT_FOUND',
  'STILL_REFERENCED',
  'INVALID_TRANSITION',
  'CONSTRAINT_VIOLATION',
  'RESULT_TOO_LARGE',
  'CONFLICT',
]);

function levelOf(code: string): keyof Logger {
  if (severeCodes.has(code)) return 'error';
  return callerCodes.has(code) ? 'debug' : 'warn';
}

/** Listener, such as OpenTelemetry, that receives the events of a database and traces its calls. */
export interface Instrumentation {
  /** Begins the trace of a call of the public API. */
  beginCall(operation: string): CallTrace;
  onEvent(event: DatabaseEvent): void;
}

/** Log messages for the states of the circuit breaker. */
const breakerMessages: Readonly<Record<BreakerState, (failures: number) => string>> = {
  open: (failures) => `opened after ${failures} consecutive failures: calls fail at once`,
  'half-open': () => 'half-open: one call probes the database',
  closed: () => 'closed: the database is reachable',
};

/**
 * Reports events to the application's logger and to its hook `onEvent`. An error that one of them throws never makes a
 * call fail.
 */
export class Diagnostics {
  readonly #logger: Logger | undefined;
  readonly #onEvent: ((event: DatabaseEvent) => void) | undefined;
  /** Instrumentation, such as OpenTelemetry, that the application has added to the open database. */
  instrumentation: Instrumentation | undefined;
  readonly counters = new Counters();

  constructor(logger: Logger | undefined, onEvent: ((event: DatabaseEvent) => void) | undefined) {
    this.#logger = logger;
    this.#onEvent = onEvent;
  }

  /** True when the application has a listener for events. Otherwise no events are created. */
  get isObserved(): boolean {
    return this.#onEvent !== undefined || this.instrumentation !== undefined;
  }

  /**
   * Begins a call that reports events. Returns undefined when the application has no listener.
   *
   * @param name - option `name`, if the call is a transaction.
   */
  beginCall(operation: string, name?: string): Call | undefined {
    if (!this.isObserved) return undefined;
    return new Call({ operation, name }, this, this.instrumentation?.beginCall(operation));
  }

  /** Counts a call that succeeded, and reports its end. */
  succeeded(call: Call | undefined): void {
    this.counters.calls += 1;
    call?.end('ok');
  }

  /** Counts a call that threw `error`, and reports its end. */
  ended(call: Call | undefined, error: unknown): void {
    this.counters.calls += 1;
    call?.end('error', isDatabaseError(error) ? error.code : undefined);
  }

  emit(event: DatabaseEvent): void {
    quietly(() => this.#onEvent?.(event));
    if (this.instrumentation !== undefined) quietly(() => this.instrumentation?.onEvent(event));
  }

  /** Reports the failure of a call, or of a transaction's rollback, to the logger and the listeners. */
  failed(error: DatabaseError, durationMs: number, attempt: number): void {
    const { operation, code, message } = error;
    this.emit({ type: 'error', operation, code, durationMs, attempt });
    this.counters.countError(code);
    const cause = code === 'INTERNAL' ? { cause: describeError(driverErrorOf(error)) } : undefined;
    // Repeats the fields of the error at the top level, where log searches expect them.
    const details = { err: error, operation, code, durationMs, attempt, ...cause };
    quietly(() => this.#logger?.[levelOf(code)](details, message));
  }

  /** Reports an INTERNAL error that does not make a call fail. */
  internalError(operation: string, cause: unknown): void {
    const details = { err: describeError(originalOf(cause) ?? cause), operation, code: 'INTERNAL' };
    quietly(() => this.#logger?.error(details, 'unexpected error in ans-database'));
  }

  retrying(operation: string, code: DatabaseError['code'], attempt: number, delayMs: number): void {
    this.counters.retries += 1;
    this.emit({ type: 'retry', operation, code, attempt, delayMs });
    quietly(() => this.#logger?.warn({ operation, code, attempt, delayMs }, 'retrying after a transient failure'));
  }

  /**
   * Logs a change of the circuit breaker, and reports it as an event.
   *
   * @param failures - number of consecutive failures; 0 when the circuit breaker is closed.
   */
  breakerChanged(state: BreakerState, failures: number): void {
    this.emit({ type: 'breaker', state });
    const level = state === 'open' ? 'error' : 'info';
    quietly(() => this.#logger?.[level]({ breaker: state }, `circuit breaker ${breakerMessages[state](failures)}`));
  }

  migrated(applied: readonly string[], durationMs: number): void {
    // Copies the array: the caller of `migrateDatabase` receives the original and may change it.
    this.emit({ type: 'migration', applied: [...applied], durationMs });
    quietly(() => this.#logger?.info({ applied, durationMs }, 'migrations applied'));
  }

  replicaChanged(replica: number, isServing: boolean): void {
    if (isServing) quietly(() => this.#logger?.info({ replica }, 'read replica serves reads'));
    else
      quietly(() =>
        this.#logger?.warn({ replica }, 'read replica is unreachable or lags: the primary answers its reads'),
      );
  }

  warned(message: string, details: object = {}): void {
    quietly(() => this.#logger?.warn(details, message));
  }

  cached(outcome: CacheEvent['outcome'], entity: CacheEvent['entity']): void {
    this.counters.cache[outcome] += 1;
    if (this.isObserved) this.emit({ type: 'cache', outcome, entity });
  }

  transactionEnded(event: Omit<TransactionEvent, 'type'>): void {
    this.emit({ type: 'transaction', ...event });
  }
}

/** Calls a listener of the application, and ignores its errors. */
function quietly(notify: () => unknown): void {
  try {
    // Handles the rejection of an asynchronous listener. An unhandled rejection would end the process.
    Promise.resolve(notify()).catch(() => undefined);
  } catch {
    // An error of the listener must not make the call fail.
  }
}
