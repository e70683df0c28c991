import { LRUCache } from 'lru-cache';
import { toFingerprintKey } from '../certificates/fingerprint';
import { shouldYield, yieldToEventLoop } from '../runtime/event-loop';
import type { Diagnostics } from '../diagnostics/diagnostics';
import type { CacheSettings } from '../options/resolve-options';
import type { ChangeEntry } from '../storage/transaction';
import { anyFingerprint, entityOf, keyOf, kindOf } from './cache-key';
import type { Entry, InFlightRead } from './entry';
import { freeze } from './freeze';
import { PendingInvalidations } from './pending-invalidations';
import { classifyError } from '../errors/classify-error';
import type { Lookup, LookupKind, StoredRecord } from '../storage/lookup';
import { toStale } from './stale';

/** Maximum time in milliseconds for which the cache stores the result that a record does not exist. */
const maxNotFoundMs = 1000;

/** Source of the changes that other processes, and other services of this process, have committed. */
export interface ChangeSource {
  /** Evicts cached records that other processes or services have changed. Never waits for the database. */
  check(cache: RecordCache): void;
  /** Announces changes that this service will commit. Otherwise they would count as changes of other services. */
  announce?(changes: readonly ChangeEntry[]): void;
  /** Withdraws the announcement of changes that were rolled back. */
  withdraw?(changes: readonly ChangeEntry[]): void;
  close(): Promise<void>;
}

/**
 * Cache of records. A write evicts its records before the commit, and prevents their caching until the commit has
 * ended. Otherwise a read during the commit could put the old version into the cache.
 */
export class RecordCache {
  readonly #ttlMs: number;
  readonly #staleIfErrorMs: number;
  readonly #now: () => number;
  readonly #changeSource: ChangeSource;
  readonly #diagnostics: Diagnostics;
  /**
   * Cached results by key. The key of a certificate is its fingerprint, even if the certificate was looked up by id.
   */
  readonly #entries: LRUCache<string, Entry>;
  /** Keys of the cached certificates, by the ids of the certificates. */
  readonly #certificateKeys = new Map<string, string>();
  readonly #inFlightReads = new Map<string, InFlightRead>();
  readonly #pending = new PendingInvalidations();
  /** Number that changes when all cache entries are invalidated. An entry of another generation may be outdated. */
  #generation = 0;
  #certificatesCreated = 0;

  constructor(
    { maxEntries, ttlMs, staleIfErrorMs }: CacheSettings,
    now: () => number,
    others: ChangeSource,
    diagnostics: Diagnostics,
  ) {
    this.#ttlMs = ttlMs;
    this.#staleIfErrorMs = staleIfErrorMs;
    this.#now = now;
    this.#changeSource = others;
    this.#diagnostics = diagnostics;
    this.#entries = new LRUCache<string, Entry>({
      max: maxEntries,
      dispose: ({ by, record }, key, reason) => {
        if (record !== null && this.#certificateKeys.get(record.id) === key) this.#certificateKeys.delete(record.id);
        if (reason === 'evict') diagnostics.cached('evict', entityOf(by));
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Returns the record that a lookup finds, frozen. Takes it from the cache, from a running read, or from `load`. An
   * error of the cache itself never makes the lookup fail.
   */
  async read<T extends StoredRecord>(
    lookup: Lookup<T>,
    load: () => Promise<T | null>,
    onCached?: () => void,
  ): Promise<T | null> {
    // A long series of cached results would otherwise block the event loop. Yields before the cache looks for changes,
    // so that the result is up to date.
    if (shouldYield()) await yieldToEventLoop();
    const answer = quietly(() => this.#answer(lookup, load));
    try {
      if (answer === undefined) return freeze(await load());
      if ('record' in answer) onCached?.();
      // The cast is safe: a lookup of type `Lookup<T>` finds only records of type `T`.
      return ('result' in answer ? await answer.result : answer.record) as T | null;
    } catch (error) {
      const stale = this.#staleIfErrorMs === 0 ? undefined : quietly(() => this.#staleAnswer(lookup, error));
      if (stale === undefined) throw error;
      onCached?.();
      // The cast is safe: a lookup of type `Lookup<T>` finds only records of type `T`.
      return stale as T;
    }
  }

  /**
   * Evicts the records that `changes` names, and prevents their caching until the returned callback is called. Call it
   * after the commit or the rollback of the changes.
   */
  invalidate(changes: readonly ChangeEntry[]): (isCommitted: boolean) => void {
    this.evict(changes);
    // Announces only the changes that are in the change feed, because the poll of the feed reads no others.
    const inFeed = changes.filter(({ isOutsideFeed }) => isOutsideFeed !== true);
    this.#changeSource.announce?.(inFeed);
    const keys = changes.flatMap(({ entity, ids }) => {
      const keysOfIds = ids.map((id) => keyOf(kindOf(entity), id));
      // A change entry has the id of a certificate and not its fingerprint, so no lookup by fingerprint may be cached.
      return entity === 'CERTIFICATE' && ids.length > 0 ? [...keysOfIds, anyFingerprint] : keysOfIds;
    });
    const end = this.#pending.add(keys);
    return (isCommitted) => {
      if (!isCommitted) this.#changeSource.withdraw?.(inFeed);
      end();
    };
  }

  /** Evicts the records that the change entries name from the cache. */
  evict(changes: readonly Pick<ChangeEntry, 'entity' | 'kind' | 'ids'>[]): void {
    for (const { entity, kind, ids } of changes) {
      for (const id of ids) {
        const key = keyOf(kindOf(entity), id);
        this.#entries.delete(key);
        this.#markOutdated(key);
        if (entity === 'CERTIFICATE') this.#entries.delete(this.#certificateKeys.get(id) ?? '');
      }
      if (entity === 'AGENT' || ids.length === 0) continue;
      if (kind === 'CREATED') this.#certificatesCreated += 1;
      for (const [key, { by }] of this.#inFlightReads) if (by === 'fingerprint') this.#markOutdated(key);
    }
  }

  /** Invalidates all entries except those of `generation`. Invalid entries can still be returned as stale records. */
  invalidateAll(generation = this.#generation + 1): void {
    this.#generation = generation;
    for (const key of this.#inFlightReads.keys()) this.#markOutdated(key);
  }

  /** Removes all records from the cache, including the stale ones. */
  clear(): void {
    this.invalidateAll(this.#generation);
    this.#entries.clear();
  }

  /** Stops watching for changes of other processes and services. */
  close(): Promise<void> {
    return this.#changeSource.close();
  }

  // Returns the cached entry or the running read for a lookup. Returns undefined while a write is changing the record,
  // because the result must not be cached then.
  #answer<T extends StoredRecord>(lookup: Lookup<T>, load: () => Promise<T | null>): Entry | InFlightRead | undefined {
    const { by, key } = lookup;
    this.#changeSource.check(this);
    const now = this.#now();
    const ownKey = keyOf(by, key);
    const entry = this.#find(by, key);
    const isHit = entry !== undefined && this.#isFresh(entry, now);
    this.#diagnostics.cached(isHit ? 'hit' : 'miss', entityOf(by));
    if (isHit) return entry;
    if (this.#pending.has(by === 'fingerprint' ? anyFingerprint : ownKey)) return undefined;
    return this.#inFlightReads.get(ownKey) ?? this.#begin(by, ownKey, load, now);
  }

  // Returns a stale record while the database is unavailable. The record contains all changes of this service, because
  // its writes evict records. Changes of other processes may be missing.
  #staleAnswer({ by, key }: Pick<Lookup<StoredRecord>, 'by' | 'key'>, error: unknown): StoredRecord | undefined {
    const entry = this.#find(by, key);
    if (!entry?.record || classifyError(error).code !== 'UNAVAILABLE') return undefined;
    const ageMs = this.#now() - entry.readAt;
    if (ageMs < 0 || ageMs >= this.#ttlMs + this.#staleIfErrorMs) return undefined;
    this.#diagnostics.cached('stale', entityOf(by));
    return toStale(entry.record);
  }

  #find(by: LookupKind, key: string): Entry | undefined {
    return this.#entries.get((by === 'certificate' ? this.#certificateKeys.get(key) : undefined) ?? keyOf(by, key));
  }

  #isFresh({ by, record, readAt, generation, certificatesCreated }: Entry, now: number): boolean {
    if (generation !== this.#generation) return false;
    const ageMs = now - readAt;
    // A negative age shows that the clock was set back. The cached record then counts as outdated.
    if (record !== null) return ageMs >= 0 && ageMs < this.#ttlMs;
    // No certificate had this fingerprint at the time of the read. A certificate that was created later may have it.
    if (by === 'fingerprint' && certificatesCreated !== this.#certificatesCreated) return false;
    return ageMs >= 0 && ageMs < Math.min(this.#ttlMs, maxNotFoundMs);
  }

  #begin(by: LookupKind, key: string, load: () => Promise<StoredRecord | null>, readAt: number): InFlightRead {
    const read: InFlightRead = { by, isOutdated: false, result: Promise.resolve(null) };
    this.#inFlightReads.set(key, read);
    read.result = this.#load(read, key, load, readAt);
    return read;
  }

  async #load(
    read: InFlightRead,
    key: string,
    load: () => Promise<StoredRecord | null>,
    readAt: number,
  ): Promise<StoredRecord | null> {
    try {
      const record = freeze(await load());
      if (!read.isOutdated) quietly(() => this.#keep(read.by, key, record, readAt));
      return record;
    } finally {
      if (this.#inFlightReads.get(key) === read) this.#inFlightReads.delete(key);
    }
  }

  #keep(by: LookupKind, ownKey: string, record: StoredRecord | null, readAt: number): void {
    const entry: Entry = {
      by,
      record,
      readAt,
      generation: this.#generation,
      certificatesCreated: this.#certificatesCreated,
    };
    if (record?.fingerprint === undefined) {
      this.#entries.set(ownKey, entry);
      return;
    }
    const key = keyOf('fingerprint', toFingerprintKey(record.fingerprint));
    this.#entries.set(key, entry);
    this.#certificateKeys.set(record.id, key);
  }

  // Callers that already wait for this read may get the old record, because they asked before the change. Later callers
  // begin a new read.
  #markOutdated(key: string): void {
    const read = this.#inFlightReads.get(key);
    if (read === undefined) return;
    read.isOutdated = true;
    this.#inFlightReads.delete(key);
  }
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
