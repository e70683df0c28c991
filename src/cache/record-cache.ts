import { LRUCache } from 'lru-cache';
import { toFingerprintKey } from '../certificates/fingerprint';
import { shouldYield, yieldToEventLoop } from '../runtime/event-loop';
import type { Diagnostics } from '../diagnostics/diagnostics';
import type { CacheSettings } from '../options/resolve-options';
import type { ChangeEntry } from '../storage/transaction';
import { freeze } from './freeze';
import { classifyError } from '../errors/classify-error';
import type { Lookup, LookupKind, StoredRecord } from '../storage/lookup';
import { toStale } from './stale';

/** Maximum time in milliseconds for which the absence of a record is cached. */
const longestAbsenceMs = 1000;

/** Source of the changes of others: other processes, and other services of this one. */
export interface Others {
  /** Has the cache forget what others have changed, as far as that can be known without waiting. */
  check(cache: RecordCache): void;
  /**
   * Announces changes that are about to be committed here, so that they are not mistaken for changes of others.
   * `withdraw` revokes that after a rollback.
   */
  announce?(notes: readonly ChangeEntry[]): void;
  withdraw?(notes: readonly ChangeEntry[]): void;
  close(): Promise<void>;
}

/** Result of a lookup; its record may be absent. */
interface Entry {
  readonly by: LookupKind;
  readonly record: StoredRecord | null;
  /** Time when the read began, by the clock of the options. */
  readonly readAt: number;
  /** Epoch of the cache to which it belongs. */
  readonly epoch: number;
  /** Number of certificates that had been created when it was read. */
  readonly arrivals: number;
}

/** Read in flight; other callers that want the same record wait for it. */
interface Flight {
  readonly by: LookupKind;
  landing: Promise<StoredRecord | null>;
  /** True when the read data may have changed since the read began. */
  isOutdated: boolean;
}

/**
 * Caches records that were read. A write evicts the records that it changes, from before its commit until after it, so
 * that no old version can be read in between and cached.
 */
export class RecordCache {
  readonly #ttlMs: number;
  readonly #staleIfErrorMs: number;
  readonly #now: () => number;
  readonly #others: Others;
  readonly #diagnostics: Diagnostics;
  /** A certificate is kept under its fingerprint, whatever it was looked up by. */
  readonly #entries: LRUCache<string, Entry>;
  /** Under which keys the certificates are that are kept, by their ids. */
  readonly #certificateKeys = new Map<string, string>();
  readonly #flights = new Map<string, Flight>();
  /** Keys that are being written now, with the number of their writes. */
  readonly #doubts = new Map<string, number>();
  /** Number of the present epoch. Records that were read in another epoch may have changed since. */
  #epoch = 0;
  #arrivals = 0;

  constructor(
    { maxEntries, ttlMs, staleIfErrorMs }: CacheSettings,
    now: () => number,
    others: Others,
    diagnostics: Diagnostics,
  ) {
    this.#ttlMs = ttlMs;
    this.#staleIfErrorMs = staleIfErrorMs;
    this.#now = now;
    this.#others = others;
    this.#diagnostics = diagnostics;
    this.#entries = new LRUCache<string, Entry>({
      max: maxEntries,
      dispose: ({ by, record }, key, reason) => {
        if (record !== null && this.#certificateKeys.get(record.id) === key) this.#certificateKeys.delete(record.id);
        if (reason === 'evict') diagnostics.cached('evict', entityOf(by));
      },
    });
  }

  /**
   * The record that the lookup leads to, frozen: the one that is kept, or that is being read already, or else what `load`
   * gives. Nothing that goes wrong in here fails the read.
   */
  async read<T extends StoredRecord>(lookup: Lookup<T>, load: () => Promise<T | null>): Promise<T | null> {
    // Before the check for changes: an unbroken series of cached results would block the event loop.
    if (shouldYield()) await yieldToEventLoop();
    const answer = quietly(() => this.#answer(lookup, load));
    // Under the keys of one kind there are the records of one type.
    try {
      if (answer === undefined) return freeze(await load());
      return ('landing' in answer ? await answer.landing : answer.record) as T | null;
    } catch (error) {
      const stale = this.#staleIfErrorMs === 0 ? undefined : quietly(() => this.#staleAnswer(lookup, error));
      if (stale === undefined) throw error;
      return stale as T;
    }
  }

  /** Evicts the affected entries and blocks re-caching until the returned callback reports commit or rollback. */
  hold(notes: readonly ChangeEntry[]): (isCommitted: boolean) => void {
    this.forget(notes);
    this.#others.announce?.(notes);
    const keys = notes.flatMap(({ entity, ids }) => {
      const keysOfIds = ids.map((id) => keyOf(kindOf(entity), id));
      // The change entries do not contain the fingerprints.
      return entity === 'CERTIFICATE' && ids.length > 0 ? [...keysOfIds, anyFingerprint] : keysOfIds;
    });
    for (const key of keys) this.#doubts.set(key, (this.#doubts.get(key) ?? 0) + 1);
    return (isCommitted) => {
      if (!isCommitted) this.#others.withdraw?.(notes);
      for (const key of keys) {
        const others = (this.#doubts.get(key) ?? 0) - 1;
        if (others > 0) this.#doubts.set(key, others);
        else this.#doubts.delete(key);
      }
    };
  }

  /** Evicts the records that the change entries name. */
  forget(notes: readonly Pick<ChangeEntry, 'entity' | 'kind' | 'ids'>[]): void {
    for (const { entity, kind, ids } of notes) {
      for (const id of ids) {
        const key = keyOf(kindOf(entity), id);
        this.#entries.delete(key);
        this.#outdate(key);
        if (entity === 'CERTIFICATE') this.#entries.delete(this.#certificateKeys.get(id) ?? '');
      }
      if (entity === 'AGENT' || ids.length === 0) continue;
      if (kind === 'CREATED') this.#arrivals += 1;
      for (const [key, { by }] of this.#flights) if (by === 'fingerprint') this.#outdate(key);
    }
  }

  /** Invalidates everything. Entries are replaced when their records are read again. */
  forgetAll(): void {
    this.#epoch += 1;
    for (const key of this.#flights.keys()) this.#outdate(key);
  }

  /** Takes out everything, also what could be given as stale. */
  clear(): void {
    this.forgetAll();
    this.#entries.clear();
  }

  /** Ends its interest in what others change. */
  close(): Promise<void> {
    return this.#others.close();
  }

  // Undefined where nothing may be kept.
  #answer<T extends StoredRecord>(lookup: Lookup<T>, load: () => Promise<T | null>): Entry | Flight | undefined {
    const { by, key } = lookup;
    this.#others.check(this);
    const now = this.#now();
    const ownKey = keyOf(by, key);
    const entry = this.#find(by, key);
    const isHit = entry !== undefined && this.#isGood(entry, now);
    this.#diagnostics.cached(isHit ? 'hit' : 'miss', entityOf(by));
    if (isHit) return entry;
    if (this.#doubts.has(by === 'fingerprint' ? anyFingerprint : ownKey)) return undefined;
    return this.#flights.get(ownKey) ?? this.#begin(by, ownKey, load, now);
  }

  // Own writes have evicted what they changed; changes of others may still be cached.
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

  #isGood({ by, record, readAt, epoch, arrivals }: Entry, now: number): boolean {
    if (epoch !== this.#epoch) return false;
    const ageMs = now - readAt;
    // A clock that was set back makes nothing live longer.
    if (record !== null) return ageMs >= 0 && ageMs < this.#ttlMs;
    // A certificate that was created since may have the fingerprint.
    if (by === 'fingerprint' && arrivals !== this.#arrivals) return false;
    return ageMs >= 0 && ageMs < Math.min(this.#ttlMs, longestAbsenceMs);
  }

  #begin(by: LookupKind, key: string, load: () => Promise<StoredRecord | null>, readAt: number): Flight {
    const flight: Flight = { by, isOutdated: false, landing: Promise.resolve(null) };
    this.#flights.set(key, flight);
    flight.landing = this.#land(flight, key, load, readAt);
    return flight;
  }

  async #land(
    flight: Flight,
    key: string,
    load: () => Promise<StoredRecord | null>,
    readAt: number,
  ): Promise<StoredRecord | null> {
    try {
      const record = freeze(await load());
      if (!flight.isOutdated) quietly(() => this.#keep(flight.by, key, record, readAt));
      return record;
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }

  #keep(by: LookupKind, ownKey: string, record: StoredRecord | null, readAt: number): void {
    const entry: Entry = { by, record, readAt, epoch: this.#epoch, arrivals: this.#arrivals };
    if (record?.fingerprint === undefined) {
      this.#entries.set(ownKey, entry);
      return;
    }
    const key = keyOf('fingerprint', toFingerprintKey(record.fingerprint));
    this.#entries.set(key, entry);
    this.#certificateKeys.set(record.id, key);
  }

  // The callers that wait for it asked before the change; later callers read it again.
  #outdate(key: string): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.isOutdated = true;
    this.#flights.delete(key);
  }
}

/** Key that represents every fingerprint among the pending writes; no other key equals it. */
const anyFingerprint = 'fingerprint';

function keyOf(by: LookupKind, key: string): string {
  return `${by} ${key}`;
}

function kindOf(entity: ChangeEntry['entity']): LookupKind {
  return entity === 'AGENT' ? 'agent' : 'certificate';
}

function entityOf(by: LookupKind): 'agent' | 'certificate' {
  return by === 'agent' ? 'agent' : 'certificate';
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
