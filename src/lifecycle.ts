/**
 * Runs the openings and closings of a database one after another. Concurrent requests for one state share one of them.
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

  /** True when the last request was to open the database, even if it is still being opened. */
  get isOpen(): boolean {
    return this.#target === 'open';
  }

  /** Opens the database, unless it is open or being opened. */
  open(): Promise<void> {
    if (this.#target === 'open') return this.#last;
    this.#target = 'open';
    const opening = this.#enqueue(this.#open);
    // After a failed opening, the next call tries again, unless the other state was requested meanwhile.
    opening.catch(() => {
      if (this.#last !== opening) return;
      this.#target = 'closed';
      // The database was not opened, so there is nothing to close.
      this.#last = Promise.resolve();
    });
    return opening;
  }

  /** Closes the database, unless it is closed or being closed. */
  close(): Promise<void> {
    if (this.#target === 'closed') return this.#last;
    this.#target = 'closed';
    const closing = this.#enqueue(this.#close);
    // The database is closed even after a failure, so the next call has nothing to do.
    closing.catch(() => {
      if (this.#last === closing) this.#last = Promise.resolve();
    });
    return closing;
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    // Ignores the failure of the previous opening or closing, because its caller handles it.
    this.#last = this.#last.catch(() => undefined).then(step);
    return this.#last;
  }
}
