import type { Executor } from './executor';

/** Kind of key of a lookup: an agent's id, or a certificate's id or fingerprint. */
export type LookupKind = 'agent' | 'certificate' | 'fingerprint';

/** Record that can be cached: an agent or a certificate. */
export interface StoredRecord {
  readonly id: string;
  /** Fingerprint of a certificate; absent for an agent. */
  readonly fingerprint?: string;
}

/** Lookup of one record by a key. */
export interface Lookup<T extends StoredRecord> {
  readonly by: LookupKind;
  /** Id, or normalized fingerprint. */
  readonly key: string;
  readonly read: (executor: Executor) => Promise<T | null>;
}

/** Reads records through a cache. */
export interface RecordReader {
  /** Number of cache entries, including the entries that say that a record does not exist. */
  readonly size: number;
  /**
   * Returns the record of the lookup; null when it does not exist. Calls `load` when the cache has no result.
   *
   * @param onCached - called when the record comes from the cache.
   */
  read<T extends StoredRecord>(
    lookup: Lookup<T>,
    load: () => Promise<T | null>,
    onCached?: () => void,
  ): Promise<T | null>;
}
