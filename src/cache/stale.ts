import type { AgentRecord } from '../agents/types';
import type { Certificate } from '../certificates/types';

const staleRecords = new WeakSet();

/** A copy of a kept record, which is known for a stale one; the record itself may have been given out as a fresh one. */
export function toStale(record: AgentRecord | Certificate): AgentRecord | Certificate {
  const copy = Object.freeze({ ...record });
  staleRecords.add(copy);
  return copy;
}

/**
 * Reports whether a record came from the cache because the database was UNAVAILABLE, and may be older than
 * `cache.ttlMs`: see the option `cache.staleIfErrorMs`. Returns false for every other record, and for a copy of a stale
 * one.
 */
export function isStale(record: AgentRecord | Certificate): boolean {
  return staleRecords.has(record);
}
