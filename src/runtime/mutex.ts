interface Waiter {
  readonly enter: () => void;
  readonly sinceMs: number;
}

/** Mutual exclusion of asynchronous work. Callers acquire the mutex in the order of their calls. */
export class Mutex {
  readonly #waiting: Waiter[] = [];
  /** Time when the current holder acquired the mutex; undefined while the mutex is free. */
  #heldSinceMs: number | undefined;
  #isCancelled = false;
  #onWait: (() => void) | undefined;

  /**
   * Acquires the mutex. The promise resolves when the caller has acquired it. The caller must call {@link release}
   * afterwards, even after an error.
   */
  acquire(): Promise<void> {
    if (this.#heldSinceMs === undefined || this.#isCancelled) {
      this.#heldSinceMs = performance.now();
      return Promise.resolve();
    }
    const entered = new Promise<void>((enter) => this.#waiting.push({ enter, sinceMs: performance.now() }));
    this.#onWait?.();
    return entered;
  }

  /**
   * Acquires the mutex if it is free, without waiting. Returns true when the caller has acquired it and has to release
   * it; otherwise false.
   */
  tryAcquire(): boolean {
    if (this.#heldSinceMs !== undefined) return false;
    this.#heldSinceMs = performance.now();
    return true;
  }

  /** Releases the mutex. The next waiting caller acquires it. */
  release(): void {
    this.#onWait = undefined;
    const next = this.#waiting.shift();
    this.#heldSinceMs = next && performance.now();
    next?.enter();
  }

  /** Returns the time since the current holder acquired the mutex, in milliseconds; 0 while the mutex is free. */
  heldMs(): number {
    return this.#heldSinceMs === undefined ? 0 : performance.now() - this.#heldSinceMs;
  }

  /**
   * Returns the time in milliseconds for which the first waiting call has waited for the mutex; 0 when no call waits.
   */
  longestWaitMs(): number {
    const first = this.#waiting[0];
    return first === undefined ? 0 : performance.now() - first.sinceMs;
  }

  /**
   * Calls `listener` at once if a call is already waiting for the mutex, and later whenever another call begins to
   * wait. Stops when the current holder releases the mutex.
   */
  onWait(listener: () => void): void {
    this.#onWait = listener;
    if (this.#waiting.length > 0) listener();
  }

  /** Disables the mutex: from now on, no caller waits for it. */
  cancel(): void {
    this.#isCancelled = true;
    for (const { enter } of this.#waiting.splice(0)) enter();
  }

  /** Acquires the mutex, runs `work`, and releases the mutex. Returns the result of `work`. */
  async runExclusive<T>(work: () => T | Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await work();
    } finally {
      this.release();
    }
  }
}
