import type { Executor } from './executor';

/** Kind of the key by which a record is read: the id of an agent, or the id or fingerprint of a certificate. */
export type LookupKind = 'agent' | 'certificate' | 'fingerprint';

/** Record that can be cached: an agent or a certificate. */
export interface StoredRecord {
  readonly id: string;
  /** Fingerprint, for a certificate; absent for an agent. */
  readonly fingerprint?: string;
}

/** Read of one record by a key. */
export interface Lookup<T extends StoredRecord> {
  readonly by: LookupKind;
  /** Value of the key: an id, or a normalized fingerprint. */
  readonly key: string;
  readonly read: (executor: Executor) => Promise<T | null>;
}

/** Cache of records. */
export interface RecordReader {
  /** Number of cache entries. An entry can also say that a record does not exist. */
  readonly size: number;
  /**
   * Returns the record of the lookup; null when the record does not exist. Calls `load` when the cache does not contain
   * the answer.
   *
   * @param onCached - called when the answer comes from the cache.
   */
  read<T extends StoredRecord>(
    lookup: Lookup<T>,
    load: () => Promise<T | null>,
    onCached?: () => void,
  ): Promise<T | null>;
}
