/** Lets one through at a time, in the order of their coming. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #held = false;
  #isDissolved = false;

  /** Resolves once it is the caller's turn. Whoever entered has to leave, whatever happens. */
  enter(): Promise<void> {
    if (!this.#held || this.#isDissolved) {
      this.#held = true;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets the next one in. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }

  /** Lets everybody in from now on, also while others are. */
  dissolve(): void {
    this.#isDissolved = true;
    for (const next of this.#waiting.splice(0)) next();
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
