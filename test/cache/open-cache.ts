import type { CacheOptions, DatabaseOptions, DatabaseService } from '../../src';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** A clock that stands still until it is set. */
interface Clock {
  nowMs: number;
}

/** A database with a cache, and a clock of the test's own. */
export interface CachingTestDatabase extends TestDatabase {
  readonly clock: Clock;
  /** Another service on the same database, without a cache. */
  readonly other: DatabaseService;
  /** Returns the events of the cache since the last call, such as `hit agent`. */
  readonly outcomes: () => string[];
}

/** Opens a database with a cache, whose ttlMs is one hour by default, and another service on the same database. */
export async function openCache(cache: CacheOptions = {}, more: DatabaseOptions = {}): Promise<CachingTestDatabase> {
  const clock = { nowMs: 1_800_000_000_000 };
  const options = { now: () => clock.nowMs, ...more };
  const database = await openTestDatabase({ ...options, cache: { maxEntries: 100, ttlMs: 3_600_000, ...cache } });
  const { db: other } = await openTestDatabase({ ...options, url: database.options.url });
  let seen = 0;
  const outcomes = (): string[] => {
    const fresh = database.events.slice(seen);
    seen = database.events.length;
    return fresh.flatMap((event) => (event.type === 'cache' ? [`${event.outcome} ${event.entity}`] : []));
  };
  return { ...database, clock, other, outcomes };
}
