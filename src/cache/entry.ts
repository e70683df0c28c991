import type { LookupKind, StoredRecord } from '../storage/lookup';

/** Cached result of a lookup. `record` is null when the record did not exist. */
export interface Entry {
  readonly by: LookupKind;
  readonly record: StoredRecord | null;
  /** Time when the read began, by the clock of the option `now`. */
  readonly readAt: number;
  /** Generation of the cache when the record was read. */
  readonly generation: number;
  /** Number of certificates that the cache knew to have been created when the record was read. */
  readonly certificatesCreated: number;
}

/** Read that is running. Other callers that want the same record wait for it. */
export interface InFlightRead {
  readonly by: LookupKind;
  result: Promise<StoredRecord | null>;
  /** True when the read data may have changed since the read began. */
  isOutdated: boolean;
}
