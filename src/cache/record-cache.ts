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

/** Maximum time in milliseconds for which the cache keeps the result that a record does not exist. */
const maxNotFoundMs = 1000;

/** Reports changes that other processes, and other services of this process, have committed. */
export interface ChangeSource {
  /** Evicts the records that others have changed, as far as the changes are known without waiting. */
  check(cache: RecordCache): void;
  /**
   * Announces changes that this service is about to commit, so that they are not mistaken for changes of others.
   */
  announce?(changes: readonly ChangeEntry[]): void;
  /** Withdraws the announcement of changes that were rolled back. */
  withdraw?(changes: readonly ChangeEntry[]): void;
  close(): Promise<void>;
}

/**
 * Caches records that were read. A write evicts the records that it changes before its commit, and keeps them out of
 * the cache until the commit has ended. Otherwise a read could cache an old version meanwhile.
 */
export class RecordCache {
  readonly #ttlMs: number;
  readonly #staleIfErrorMs: number;
  readonly #now: () => number;
  readonly #changeSource: ChangeSource;
  readonly #diagnostics: Diagnostics;
  /** Cached results by key. A certificate has the key of its fingerprint, also when it was looked up by its id. */
  readonly #entries: LRUCache<string, Entry>;
  /** Keys of the cached certificates by their ids. */
  readonly #certificateKeys = new Map<string, string>();
  readonly #inFlightReads = new Map<string, InFlightRead>();
  readonly #pending = new PendingInvalidations();
  /** Increases when everything is invalidated. A record of an earlier generation may have changed after its read. */
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
   * Returns the record of a lookup, frozen: from the cache, from a read that is already running, or from `load`. An
   * error of the cache itself never fails the read.
   */
  async read<T extends StoredRecord>(
    lookup: Lookup<T>,
    load: () => Promise<T | null>,
    onCached?: () => void,
  ): Promise<T | null> {
    // Yields before the check for changes. Otherwise a long series of cached results would block the event loop.
    if (shouldYield()) await yieldToEventLoop();
    const answer = quietly(() => this.#answer(lookup, load));
    try {
      if (answer === undefined) return freeze(await load());
      if ('record' in answer) onCached?.();
      // The cast is safe: the kind of the lookup determines the type of the record.
      return ('result' in answer ? await answer.result : answer.record) as T | null;
    } catch (error) {
      const stale = this.#staleIfErrorMs === 0 ? undefined : quietly(() => this.#staleAnswer(lookup, error));
      if (stale === undefined) throw error;
      onCached?.();
      // The cast is safe: the kind of the lookup determines the type of the record.
      return stale as T;
    }
  }

  /** Evicts the affected entries and blocks re-caching until the returned callback reports commit or rollback. */
  invalidate(changes: readonly ChangeEntry[]): (isCommitted: boolean) => void {
    this.evict(changes);
    // Changes outside the feed are never read from it.
    const inFeed = changes.filter(({ isOutsideFeed }) => isOutsideFeed !== true);
    this.#changeSource.announce?.(inFeed);
    const keys = changes.flatMap(({ entity, ids }) => {
      const keysOfIds = ids.map((id) => keyOf(kindOf(entity), id));
      // The change entries do not contain the fingerprints, so one key stands for all of them.
      return entity === 'CERTIFICATE' && ids.length > 0 ? [...keysOfIds, anyFingerprint] : keysOfIds;
    });
    const end = this.#pending.add(keys);
    return (isCommitted) => {
      if (!isCommitted) this.#changeSource.withdraw?.(inFeed);
      end();
    };
  }

  /** Evicts the records that the change entries name. */
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

  /** Invalidates all entries. They stay in the cache, for `staleIfErrorMs`, until their records are read again. */
  invalidateAll(): void {
    this.#generation += 1;
    for (const key of this.#inFlightReads.keys()) this.#markOutdated(key);
  }

  /** Removes all records, including those that `staleIfErrorMs` allows. */
  clear(): void {
    this.invalidateAll();
    this.#entries.clear();
  }

  /** Stops watching the changes of others. */
  close(): Promise<void> {
    return this.#changeSource.close();
  }

  // Returns undefined when the result must not be cached.
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

  // A stale record has all changes of this service, whose writes evict records. It may lack changes of others.
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
    // The age is negative after the clock was set back. Then the record counts as outdated.
    if (record !== null) return ageMs >= 0 && ageMs < this.#ttlMs;
    // The record was not found. If a certificate has been created since, it may have this fingerprint.
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

  // The callers that already wait get the read result: they asked before the change. Later callers begin a new read.
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
