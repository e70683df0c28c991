import type { DatabaseErrorCode } from '../errors/database-error';
import type { CallEvent, QueryEvent } from './types';

/** Trace of one call of the public API, such as a span of OpenTelemetry. */
export interface CallTrace {
  /** Runs the work of the traced call. Everything that the work starts becomes a part of the trace. */
  run<T>(work: () => T): T;
  /** Records an SQL statement that has just ended. */
  statement(event: QueryEvent): void;
  end(event: CallEvent): void;
}

/** Listener that receives the events of a call. */
export interface CallListener {
  emit(event: CallEvent | QueryEvent): void;
}

/** Call of the public API that reports its events to a listener. */
export class Call {
  readonly #operation: string;
  readonly #name: string | undefined;
  /** Number of attempts that the call has made so far. */
  attempts = 1;
  /** True when the record cache has answered the call. */
  isCached = false;
  #rows = 0;
  readonly #startMs = performance.now();
  readonly #listener: CallListener;
  readonly #trace: CallTrace | undefined;

  constructor(
    { operation, name }: { readonly operation: string; readonly name: string | undefined },
    listener: CallListener,
    trace: CallTrace | undefined,
  ) {
    this.#operation = operation;
    this.#name = name;
    this.#listener = listener;
    this.#trace = trace;
  }

  run<T>(work: (call: Call) => T): T {
    return this.#trace === undefined ? work(this) : this.#trace.run(() => work(this));
  }

  /** Records that an attempt of the call has failed and that the call is tried again. */
  retriedAfter(attempt: number): void {
    this.attempts = Math.max(this.attempts, attempt + 1);
  }

  /** Reports an SQL statement of the call to the listener. */
  statement(sql: string, rows: number, changes: number, durationMs: number): void {
    this.#rows += rows;
    const event: QueryEvent = { type: 'query', operation: this.#operation, sql, rows, changes, durationMs };
    this.#listener.emit(event);
    this.#trace?.statement(event);
  }

  /**
   * Reports the end of the call to the listener.
   *
   * @param code - code of the error, if the error is a `DatabaseError`
   */
  end(outcome: CallEvent['outcome'], code?: DatabaseErrorCode): void {
    const event: CallEvent = {
      type: 'call',
      operation: this.#operation,
      ...(this.#name === undefined ? undefined : { name: this.#name }),
      outcome,
      ...(code === undefined ? undefined : { code }),
      attempts: this.attempts,
      rows: this.#rows,
      cached: this.isCached,
      startedAt: performance.timeOrigin + this.#startMs,
      durationMs: performance.now() - this.#startMs,
    };
    this.#listener.emit(event);
    this.#trace?.end(event);
  }
}
