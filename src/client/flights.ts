import { setTimeout as sleep } from 'node:timers/promises';

/** Counts the work in flight and tells when there is none. */
export class Flights {
  #count = 0;
  #landed: (() => void)[] = [];
  #isCutOff = false;
  readonly #atCutOff = new Set<() => void>();

  /** Whether what is still in flight has lost the ground. */
  get isCutOff(): boolean {
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

  allLanded(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#landed.push(resolve));
  }

  /** Calls `listener` when what is in flight is given up, unless the returned function is called before. */
  onCutOff(listener: () => void): () => void {
    this.#atCutOff.add(listener);
    return () => this.#atCutOff.delete(listener);
  }

  /** Notes that what is in flight is given up; tells how much that is. */
  cutOff(): number {
    this.#isCutOff = true;
    for (const listener of this.#atCutOff) listener();
    return this.#count;
  }
}

/** Counts the work in flight, and measures how long there has been none. */
export class TimedFlights extends Flights {
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

  /** Returns how long nothing has been in flight, in milliseconds; 0 while something is. */
  idleMs(): number {
    return this.#current > 0 ? 0 : performance.now() - this.#idleSinceMs;
  }
}

/** Whether `work` ends within this time. @throws what `work` throws by then */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const end = new AbortController();
  const tooLate = sleep(ms, false, { signal: end.signal });
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    end.abort();
    // Nobody waits for it any more.
    tooLate.catch(() => undefined);
  }
}
