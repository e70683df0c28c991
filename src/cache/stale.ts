const staleRecords = new WeakSet();

/**
 * Returns a copy of a cached record for which {@link isStale} returns true. Does not mark the record itself: earlier
 * callers may have received the same object while it was up to date.
 */
export function toStale<T extends object>(record: T): T {
  const copy = Object.freeze({ ...record });
  staleRecords.add(copy);
  return copy;
}

/**
 * Reports whether a record may be outdated. The cache returns such a record after its time, while the database is
 * UNAVAILABLE: see the option `cache.staleIfErrorMs`. Returns false for every other object, including a copy of a stale
 * record.
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
