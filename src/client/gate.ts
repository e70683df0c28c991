interface Waiter {
  readonly enter: () => void;
  readonly sinceMs: number;
}

/** Lets one through at a time, in the order of their coming. */
export class Gate {
  readonly #waiting: Waiter[] = [];
  /** Time when the present holder acquired it; undefined while it is free. */
  #heldSinceMs: number | undefined;
  #isDissolved = false;
  #onWait: (() => void) | undefined;

  /** Resolves once it is the caller's turn. Whoever entered has to leave, whatever happens. */
  enter(): Promise<void> {
    if (this.#heldSinceMs === undefined || this.#isDissolved) {
      this.#heldSinceMs = performance.now();
      return Promise.resolve();
    }
    const entered = new Promise<void>((enter) => this.#waiting.push({ enter, sinceMs: performance.now() }));
    this.#onWait?.();
    return entered;
  }

  /** Lets the next one in. */
  leave(): void {
    this.#onWait = undefined;
    const next = this.#waiting.shift();
    this.#heldSinceMs = next && performance.now();
    next?.enter();
  }

  /** Returns the time since the present holder acquired it, in milliseconds; 0 while it is free. */
  heldMs(): number {
    return this.#heldSinceMs === undefined ? 0 : performance.now() - this.#heldSinceMs;
  }

  /** Returns the time that the first waiting call has waited, in milliseconds; 0 when no call waits. */
  longestWaitMs(): number {
    const first = this.#waiting[0];
    return first === undefined ? 0 : performance.now() - first.sinceMs;
  }

  /**
   * Calls `listener` when a call already waits, and whenever another call begins to wait, until the present holder
   * releases.
   */
  onWait(listener: () => void): void {
    this.#onWait = listener;
    if (this.#waiting.length > 0) listener();
  }

  /** Lets everybody in from now on, also while others are. */
  dissolve(): void {
    this.#isDissolved = true;
    for (const { enter } of this.#waiting.splice(0)) enter();
  }

  /** Does `work` when it is the caller's turn, and lets nobody else in until it has ended. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }
}
