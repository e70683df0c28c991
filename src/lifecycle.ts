/**
 * Opens and closes a database, one operation after another. Concurrent requests for the same state share one operation.
 */
export class Lifecycle {
  readonly #open: () => Promise<void>;
  readonly #close: () => Promise<void>;
  /** State that was requested last. */
  #target: 'open' | 'closed' = 'closed';
  /** Most recent opening or closing. */
  #last: Promise<void> = Promise.resolve();

  constructor(open: () => Promise<void>, close: () => Promise<void>) {
    this.#open = open;
    this.#close = close;
  }

  /** True when the last request was to open the database, even while the database is still being opened. */
  get isOpen(): boolean {
    return this.#target === 'open';
  }

  /** Opens the database, unless it is open or being opened. */
  open(): Promise<void> {
    if (this.#target === 'open') return this.#last;
    this.#target = 'open';
    const opening = this.#enqueue(this.#open);
    // After a failed opening, the next call tries again. If `close` was called meanwhile, the database stays closed.
    opening.catch(() => {
      if (this.#last !== opening) return;
      this.#target = 'closed';
      // After a failed opening, there is nothing to close, so `close` has to wait for nothing.
      this.#last = Promise.resolve();
    });
    return opening;
  }

  /** Closes the database, unless it is closed or being closed. */
  close(): Promise<void> {
    if (this.#target === 'closed') return this.#last;
    this.#target = 'closed';
    const closing = this.#enqueue(this.#close);
    // Even if the closing fails, the database is closed, so the next call has nothing to do.
    closing.catch(() => {
      if (this.#last === closing) this.#last = Promise.resolve();
    });
    return closing;
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    // The failure of the previous operation is handled by the caller of that operation.
    this.#last = this.#last.catch(() => undefined).then(step);
    return this.#last;
  }
}
