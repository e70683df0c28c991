import { setTimeout as sleep } from 'node:timers/promises';

/** Counts the calls in flight, which have begun and not ended. Reports when there are none. */
export class InFlightCalls {
  #count = 0;
  #settledListeners: (() => void)[] = [];
  #isAborted = false;
  readonly #abortListeners = new Set<() => void>();

  /** True after the calls in flight were aborted. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  get count(): number {
    return this.#count;
  }

  /** Counts a call as in flight. Call {@link end} when it has ended. */
  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#settledListeners.splice(0)) resolve();
  }

  settled(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#settledListeners.push(resolve));
  }

  /**
   * Registers a listener that is called when the calls in flight are aborted. Returns a function that removes the
   * listener.
   */
  onAbort(listener: () => void): () => void {
    this.#abortListeners.add(listener);
    return () => this.#abortListeners.delete(listener);
  }

  /** Aborts the calls in flight, and returns the number of aborted calls. */
  abort(): number {
    this.#isAborted = true;
    for (const listener of this.#abortListeners) listener();
    return this.#count;
  }
}

/** Counts the calls in flight, and measures the time since the last call ended. */
export class TimedInFlightCalls extends InFlightCalls {
  #current = 0;
  #idleSinceMs = performance.now();

  override begin(): void {
    this.#current += 1;
    super.begin();
  }

  override end(): void {
    this.#current -= 1;
    this.#idleSinceMs = performance.now();
    super.end();
  }

  /** Returns the time for which no call has been in flight, in milliseconds; 0 while a call is in flight. */
  idleMs(): number {
    return this.#current > 0 ? 0 : performance.now() - this.#idleSinceMs;
  }
}

/**
 * Reports whether `work` ends within `ms` milliseconds.
 *
 * @throws the error of `work`, if `work` fails within this time
 */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const end = new AbortController();
  const tooLate = sleep(ms, false, { signal: end.signal });
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    end.abort();
    // Ignores the rejection of the timer, because nothing waits for the timer any more.
    tooLate.catch(() => undefined);
  }
}
