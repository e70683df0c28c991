import { setTimeout as sleep } from 'node:timers/promises';

/** Counts the calls in flight and reports when there are none. */
export class InFlightCalls {
  #count = 0;
  #landed: (() => void)[] = [];
  #isCutOff = false;
  readonly #atCutOff = new Set<() => void>();

  /** True after the calls in flight were aborted. */
  get isAborted(): boolean {
    return this.#isCutOff;
  }

  /** Counts some work in, which has to be counted out by {@link end} when it is done. */
  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#landed.splice(0)) resolve();
  }

  settled(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#landed.push(resolve));
  }

  /** Calls `listener` when the calls in flight are aborted, unless the returned function was called before. */
  onAbort(listener: () => void): () => void {
    this.#atCutOff.add(listener);
    return () => this.#atCutOff.delete(listener);
  }

  /** Aborts the calls in flight; returns their number. */
  abort(): number {
    this.#isCutOff = true;
    for (const listener of this.#atCutOff) listener();
    return this.#count;
  }
}

/** Counts the calls in flight, and measures the time since the last one ended. */
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

  /** Returns the time without any call in flight, in milliseconds; 0 while there is one. */
  idleMs(): number {
    return this.#current > 0 ? 0 : performance.now() - this.#idleSinceMs;
  }
}

/** Reports whether `work` ends within this time. @throws what `work` throws within this time */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const end = new AbortController();
  const tooLate = sleep(ms, false, { signal: end.signal });
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    end.abort();
    // No caller waits for it any more.
    tooLate.catch(() => undefined);
  }
}
