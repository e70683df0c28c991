const staleRecords = new WeakSet();

/**
 * Returns a copy of a cached record. {@link isStale} returns true for the copy. Does not mark the record itself,
 * because earlier callers may have got the same object before it was stale.
 */
export function toStale<T extends object>(record: T): T {
  const copy = Object.freeze({ ...record });
  staleRecords.add(copy);
  return copy;
}

/**
 * Reports whether a record came from the cache because the database was UNAVAILABLE, and may be older than
 * `cache.ttlMs`: see the option `cache.staleIfErrorMs`. Returns false for every other record, also for a copy
 * that you make of a stale one.
 *
 * @example
 * ```ts
 * const agent = await db.getAgent(id);
 * if (agent !== null && isStale(agent)) console.warn('the database is unavailable');
 * ```
 */
export function isStale(record: object): boolean {
  return staleRecords.has(record);
}
