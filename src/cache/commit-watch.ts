import type { ChangeSource, RecordCache } from './record-cache';

/**
 * Notices commits of other connections by the engine's data version. The version does not show which records have
 * changed, so each such commit invalidates all cached records. The data version is the generation of the records. When
 * an earlier version returns, the records of that version become valid again.
 */
export class CommitWatch implements ChangeSource {
  readonly #dataVersion: () => number;
  #known: number | undefined;

  constructor(dataVersion: () => number) {
    this.#dataVersion = dataVersion;
  }

  check(cache: RecordCache): void {
    const version = this.#dataVersion();
    if (version === this.#known) return;
    cache.invalidateAll(version);
    this.#known = version;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
