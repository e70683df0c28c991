/**
 * Opens and closes a database, one operation after another. Concurrent calls that request the same state share one
 * operation.
 */
export class Lifecycle {
  readonly #open: () => Promise<void>;
  readonly #close: () => Promise<void>;
  /** State of the database that was requested last. */
  #target: 'open' | 'closed' = 'closed';
  /** Most recent opening or closing of the database. */
  #last: Promise<void> = Promise.resolve();

  constructor(open: () => Promise<void>, close: () => Promise<void>) {
    this.#open = open;
    this.#close = close;
  }

  /** True when the last request was to open the database, even if the opening has not ended. */
  get isOpen(): boolean {
    return this.#target === 'open';
  }

  /** Opens the database, unless it is open or being opened. */
  open(): Promise<void> {
    if (this.#target === 'open') return this.#last;
    this.#target = 'open';
    const opening = this.#enqueue(this.#open);
    // The next call tries again after a failed opening, unless `close` was called meanwhile.
    opening.catch(() => {
      if (this.#last !== opening) return;
      this.#target = 'closed';
      // `close` has nothing to wait for after a failed opening.
      this.#last = Promise.resolve();
    });
    return opening;
  }

  /** Closes the database, unless it is closed or being closed. */
  close(): Promise<void> {
    if (this.#target === 'closed') return this.#last;
    this.#target = 'closed';
    const closing = this.#enqueue(this.#close);
    // The database is closed even if the closing fails, so the next `close` has nothing to do.
    closing.catch(() => {
      if (this.#last === closing) this.#last = Promise.resolve();
    });
    return closing;
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    // Ignores the failure of the previous operation, because its own caller receives the failure.
    this.#last = this.#last.catch(() => undefined).then(step);
    return this.#last;
  }
}
