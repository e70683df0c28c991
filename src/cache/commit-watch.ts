import type { ChangeSource, RecordCache } from './record-cache';

/** Notices by a number of the engine's whether others have committed: at once, but not what. */
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
