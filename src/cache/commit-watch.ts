import type { Others, RecordCache } from './record-cache';

/** Notices by a number of the engine's whether others have committed: at once, but not what. */
export class CommitWatch implements Others {
  readonly #dataVersion: () => number;
  #known: number | undefined;

  constructor(dataVersion: () => number) {
    this.#dataVersion = dataVersion;
  }

  check(cache: RecordCache): void {
    const version = this.#dataVersion();
    if (version === this.#known) return;
    cache.forgetAll();
    this.#known = version;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
