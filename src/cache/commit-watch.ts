import type { ChangeSource, RecordCache } from './record-cache';

/** Detects commits of others by the data version of the engine: at once, but not which records they changed. */
export class CommitWatch implements ChangeSource {
  readonly #dataVersion: () => number;
  #known: number | undefined;

  constructor(dataVersion: () => number) {
    this.#dataVersion = dataVersion;
  }

  check(cache: RecordCache): void {
    const version = this.#dataVersion();
    if (version === this.#known) return;
    cache.invalidateAll();
    this.#known = version;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
