import { Failure } from '../errors/failure';
import type { TransactionWaiters } from './executor';

/** How often waiting calls are looked for where nothing reports them: a part of the limit, in milliseconds. */
const shortestPollMs = 10;
const longestPollMs = 5000;

// Taken now: an application's test that puts fake timers in its place must not stop the database.
const { setTimeout, clearTimeout, setImmediate } = globalThis;

/**
 * Watches one transaction of a caller's, and reports it once it has sent no statement for a time during which another call
 * of this process waited for it. The other call may be one that the callback itself waits for, so that neither would end.
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
   * Starts to watch.
   *
   * @param limitMs - 0: there is no limit.
   * @param idleMs - returns for how long the transaction has sent nothing; 0 while a call of it is under way.
   * @param exceeded - called once, when the limit is exceeded.
   */
  constructor(limitMs: number, idleMs: () => number, waiters: TransactionWaiters, exceeded: () => void) {
    this.#limitMs = limitMs;
    this.#idleMs = idleMs;
    this.#waiters = waiters;
    this.#exceeded = exceeded;
    if (limitMs === 0) return;
    // No timer where nobody waits, if waiting is reported.
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
      // What the event loop has kept from the callback until now may be its next statement.
      await new Promise((resolve) => setImmediate(resolve));
      overdueMs = Math.min(this.#idleMs(), waitedMs);
    }
    this.#isChecking = false;
    if (this.#isStopped) return;
    if (overdueMs >= this.#limitMs) this.#exceeded();
    else if (isAwaited) this.#checkIn(this.#limitMs - overdueMs);
    else if (this.#waiters.onWait === undefined) this.#checkIn(this.#pollMs());
  }

  // Where it cannot be found out nobody is known to wait.
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

/** Returns the failure of a transaction that has exceeded the limit. Repeated as it is, it would wait again. */
export function idleForTooLong(): Failure {
  const message =
    'the transaction was rolled back because it sent no statement for transactionIdleTimeoutMs while another call of this ' +
    'process waited for it; do not wait in its callback for a write beside it, such as one that a queue does';
  return new Failure('TIMEOUT', message, { retryable: false });
}
