import { Failure } from '../errors/failure';
import type { TransactionWaiters } from '../storage/engine';
import type { Mutex } from './mutex';

/**
 * Minimum and maximum interval, in milliseconds, between two queries for waiting calls. Only an engine that does not
 * report waiting calls is queried. Between these bounds, the interval is a quarter of the limit.
 */
const shortestPollMs = 10;
const longestPollMs = 5000;

// Keeps the original functions: fake timers in a test of the application would stop the database.
const { setTimeout, clearTimeout, setImmediate } = globalThis;

/**
 * Limits the time for which a transaction of the application can be idle while another call waits for it. Calls
 * `exceeded` after this time. Without the limit, both might wait forever, because the callback of the transaction may
 * itself wait for the other call.
 */
export class IdleLimit {
  readonly #limitMs: number;
  readonly #idleMs: () => number;
  readonly #waiters: TransactionWaiters;
  readonly #exceeded: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isChecking = false;
  #isStopped = false;

  /**
   * Starts the measurement.
   *
   * @param limitMs - maximum time in milliseconds; 0 means no limit.
   * @param idleMs - returns the time since the transaction's last statement; 0 while one of its calls is running.
   * @param exceeded - called once, when the limit is exceeded.
   */
  constructor(limitMs: number, idleMs: () => number, waiters: TransactionWaiters, exceeded: () => void) {
    this.#limitMs = limitMs;
    this.#idleMs = idleMs;
    this.#waiters = waiters;
    this.#exceeded = exceeded;
    if (limitMs === 0) return;
    // If the engine reports waiting calls, the timer starts only when a call begins to wait.
    if (waiters.onWait === undefined) this.#checkIn(limitMs);
    else waiters.onWait(() => this.#checkIn(limitMs));
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #checkIn(delayMs: number): void {
    if (this.#isStopped || this.#isChecking) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), delayMs);
  }

  async #check(): Promise<void> {
    this.#isChecking = true;
    let overdueMs = this.#idleMs();
    let isAwaited = true;
    if (overdueMs >= this.#limitMs) {
      const waitedMs = await this.#longestWaitMs();
      isAwaited = waitedMs > 0;
      // If the event loop was busy, the callback may be about to send a statement. Lets it do so before the limit is
      // checked.
      await new Promise((resolve) => setImmediate(resolve));
      overdueMs = Math.min(this.#idleMs(), waitedMs);
    }
    this.#isChecking = false;
    if (this.#isStopped) return;
    if (overdueMs >= this.#limitMs) this.#exceeded();
    else if (isAwaited) this.#checkIn(this.#limitMs - overdueMs);
    else if (this.#waiters.onWait === undefined) this.#checkIn(this.#pollMs());
  }

  // If the engine cannot find out which calls wait, assumes that none does.
  async #longestWaitMs(): Promise<number> {
    try {
      return await this.#waiters.longestWaitMs();
    } catch {
      return 0;
    }
  }

  #pollMs(): number {
    return Math.min(Math.max(this.#limitMs / 4, shortestPollMs), longestPollMs);
  }
}

/**
 * Returns the failure of a transaction that exceeded the limit. The failure is not retryable, because the same callback
 * would wait again.
 */
export function idleForTooLong(): Failure {
  const message =
    'the transaction was rolled back because it sent no statement for transactionIdleTimeoutMs while another call of this ' +
    'process waited for it: its callback must not wait for a write outside of the transaction, for example in a queue';
  return new Failure('TIMEOUT', message, { retryable: false });
}

/** Returns `waiters` plus the calls that wait for the mutex of repeated transactions. */
export function withWaitersOf(repetitions: Mutex, waiters: TransactionWaiters): TransactionWaiters {
  return {
    longestWaitMs: async () => Math.max(repetitions.longestWaitMs(), await waiters.longestWaitMs()),
  };
}
