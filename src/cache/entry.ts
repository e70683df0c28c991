import type { LookupKind, StoredRecord } from '../storage/lookup';

/** Cached result of a lookup. `record` is null when the record did not exist. */
export interface Entry {
  readonly by: LookupKind;
  readonly record: StoredRecord | null;
  /** Time when the read of the record began, by the clock of the option `now`. */
  readonly readAt: number;
  /** Generation of the record cache when the record was read: see `RecordCache`. */
  readonly generation: number;
  /** Number of certificates that this service had created when the cached record was read. */
  readonly certificatesCreated: number;
}

/** Read of a record that is running. Other callers that request the same record wait for its result. */
export interface InFlightRead {
  readonly by: LookupKind;
  result: Promise<StoredRecord | null>;
  /** True when the record that is read may have changed since the read began. */
  isOutdated: boolean;
}
