import type { DatabaseError } from '../errors/database-error';
import { driverErrorOf } from '../errors/driver-error';
import { originalOf } from '../errors/failure';
import { describeError } from './describe-error';
import type { BreakerState, CacheEvent, DatabaseEvent, Logger } from './types';

/** Codes that are logged as errors and not as warnings: an operator has to act. */
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

/** Log messages for the states of the circuit breaker. */
const breakerMessages: Readonly<Record<BreakerState, (failures: number) => string>> = {
  open: (failures) => `opened after ${failures} consecutive failures: calls fail at once`,
  'half-open': () => 'half-open: one call probes the database',
  closed: () => 'closed: the database is reachable',
};

/** Reports events to the application's logger and hook. An error that they throw never makes a call fail. */
export class Diagnostics {
  readonly #logger: Logger | undefined;
  readonly #onEvent: ((event: DatabaseEvent) => void) | undefined;

  constructor(logger: Logger | undefined, onEvent: ((event: DatabaseEvent) => void) | undefined) {
    this.#logger = logger;
    this.#onEvent = onEvent;
  }

  /** Reports whether there is a listener, so that unused events need not be created. */
  get isObserved(): boolean {
    return this.#onEvent !== undefined;
  }

  emit(event: DatabaseEvent): void {
    quietly(() => this.#onEvent?.(event));
  }

  failed(error: DatabaseError, durationMs: number, attempt: number): void {
    const { operation, code, message } = error;
    this.emit({ type: 'error', operation, code, durationMs, attempt });
    const level = severeCodes.has(code) ? 'error' : 'warn';
    const cause = code === 'INTERNAL' ? { cause: describeError(driverErrorOf(error)) } : undefined;
    quietly(() => this.#logger?.[level]({ operation, code, durationMs, attempt, ...cause }, message));
  }

  /** Reports an INTERNAL error that does not make the call fail. */
  internalError(operation: string, cause: unknown): void {
    const details = { operation, code: 'INTERNAL', cause: describeError(originalOf(cause) ?? cause) };
    quietly(() => this.#logger?.error(details, 'unexpected error in ans-database'));
  }

  retrying(operation: string, code: DatabaseError['code'], attempt: number, delayMs: number): void {
    this.emit({ type: 'retry', operation, code, attempt, delayMs });
    quietly(() => this.#logger?.warn({ operation, code, attempt, delayMs }, 'retrying after a transient failure'));
  }

  /** @param failures - number of consecutive failures; 0 when the circuit breaker is closed. */
  breakerChanged(state: BreakerState, failures: number): void {
    this.emit({ type: 'breaker', state });
    const level = state === 'open' ? 'error' : 'info';
    quietly(() => this.#logger?.[level]({ breaker: state }, `circuit breaker ${breakerMessages[state](failures)}`));
  }

  migrated(applied: readonly string[], durationMs: number): void {
    // A copy, because the caller receives the other array.
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
    if (this.isObserved) this.emit({ type: 'cache', outcome, entity });
  }

  transactionEnded(outcome: 'commit' | 'rollback', durationMs: number): void {
    this.emit({ type: 'transaction', outcome, durationMs });
  }
}

/** Calls a listener of the application, and ignores its errors. */
function quietly(notify: () => unknown): void {
  try {
    // The rejected promise of an asynchronous listener would end the process.
    Promise.resolve(notify()).catch(() => undefined);
  } catch {
    // The call must not fail because of its listener.
  }
}
