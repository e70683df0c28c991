import { Failure } from '../errors/failure';
import type { TransactionWaiters } from '../storage/engine';
import type { Mutex } from './mutex';

/**
 * Minimum interval in milliseconds at which the engine is polled for calls that wait for a transaction. `longestPollMs`
 * is the maximum. Between these bounds, the interval is a quarter of the idle limit. An engine that reports waiting
 * calls by itself is not polled.
 */
const shortestPollMs = 10;
const longestPollMs = 5000;

// Keeps the original timer functions: fake timers in a test of the application would stop the database.
const { setTimeout, clearTimeout, setImmediate } = globalThis;

/**
 * Limits the time for which a transaction of the application can be idle while another call waits for it. Calls
 * `exceeded` after this time. Without the limit, a transaction callback that waits for the other call would wait
 * forever.
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
   * Starts to measure the idle time of a transaction.
   *
   * @param limitMs - maximum idle time in milliseconds; 0 means no limit.
   * @param idleMs - returns the time since the transaction's last statement; 0 while one of its calls is running.
   * @param exceeded - called once, when the limit is exceeded.
   */
  constructor(limitMs: number, idleMs: () => number, waiters: TransactionWaiters, exceeded: () => void) {
    this.#limitMs = limitMs;
    this.#idleMs = idleMs;
    this.#waiters = waiters;
    this.#exceeded = exceeded;
    if (limitMs === 0) return;
    // Starts the timer only when a call begins to wait, if the engine reports waiting calls.
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
      // Lets a callback that is about to send a statement do so first. The event loop may have been too busy to run it.
      await new Promise((resolve) => setImmediate(resolve));
      overdueMs = Math.min(this.#idleMs(), waitedMs);
    }
    this.#isChecking = false;
    if (this.#isStopped) return;
    if (overdueMs >= this.#limitMs) this.#exceeded();
    else if (isAwaited) this.#checkIn(this.#limitMs - overdueMs);
    else if (this.#waiters.onWait === undefined) this.#checkIn(this.#pollMs());
  }

  // Returns the time in milliseconds for which a call has waited for the transaction. Returns 0 if the engine cannot
  // find out.
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
 * Returns the failure of a transaction that exceeded its idle limit. The failure is not retryable, because the same
 * callback would wait again.
 */
export function idleForTooLong(): Failure {
  const message =
    'the transaction was rolled back because it sent no statement for transactionIdleTimeoutMs while another call of this ' +
    'process waited for it: its callback must not wait for a write outside of the transaction, for example in a queue';
  return new Failure('TIMEOUT', message, { retryable: false });
}

/** Returns the waiting calls of `waiters`, and the calls that wait for the mutex of repeated transactions. */
export function withWaitersOf(repetitions: Mutex, waiters: TransactionWaiters): TransactionWaiters {
  return {
    longestWaitMs: async () => Math.max(repetitions.longestWaitMs(), await waiters.longestWaitMs()),
  };
}
