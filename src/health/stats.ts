import type { Counters } from '../diagnostics/counters';
import type { BreakerState } from '../diagnostics/types';
import type { DatabaseErrorCode } from '../errors/database-error';
import type { PoolHealth } from '../storage/health-probe';

/** Counters and present state of a database service: result of `db.stats()`. */
export interface DatabaseStats {
  /** Number of calls that have ended, including those inside transactions. */
  readonly calls: number;
  /** Number of calls that are running. A `db.transaction` and the calls inside it count as one. */
  readonly callsInFlight: number;
  /** Number of failures for each error code. A code that has not occurred is absent. */
  readonly errors: Readonly<Partial<Record<DatabaseErrorCode, number>>>;
  /** Number of times that a call was repeated after a transient failure or a conflict. */
  readonly retries: number;
  /** State of the circuit breaker; `off` with the option `breaker: false`. */
  readonly breaker: BreakerState | 'off';
  /** State of the record cache. Absent without the option `cache`, and while the database is closed. */
  readonly cache?: CacheStats;
  /** State of the connection pool of the primary. Absent on SQLite, and while the database is closed. */
  readonly pool?: PoolHealth;
  /**
   * Size of SQLite's write-ahead log in bytes. A log that keeps growing shows that a read does not end. Absent on
   * PostgreSQL, while the database is closed, and when the file cannot be inspected.
   */
  readonly logBytes?: number;
  /**
   * Highest sequence number that `changes` or `followChanges` of this service has read from the change feed. Absent
   * before the first read.
   */
  readonly feedPosition?: number;
}

/**
 * Counters of the record cache. Each lookup counts as a hit or a miss. A miss also counts as stale if its read failed
 * and the cache returned an outdated record.
 */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Number of lookups that returned an outdated record during an outage. */
  readonly stale: number;
  /** Number of records that were removed from the cache because it was full. */
  readonly evictions: number;
  /** Number of cache entries, including those for records that do not exist. */
  readonly entries: number;
}

/**
 * Members of an engine from which the statistics are computed. This is a separate type because the public types must
 * not refer to the whole engine.
 */
interface Source {
  readonly cache?: { readonly size: number } | undefined;
  readonly healthProbe: { pool(): PoolHealth | undefined };
  readonly logBytes?: (() => number) | undefined;
}

/** Present state of a database service, from which {@link toStats} computes the statistics. */
interface State {
  readonly engine: Source | undefined;
  readonly callsInFlight: number;
  readonly breaker: DatabaseStats['breaker'];
}

/** Returns the statistics of a database service. */
export function toStats(counters: Counters, { engine, callsInFlight, breaker }: State): DatabaseStats {
  const { calls, retries, feedPosition, cache } = counters;
  const entries = engine?.cache?.size;
  const pool = engine?.healthProbe.pool();
  const logBytes = engine === undefined ? undefined : logBytesOf(engine);
  return {
    calls,
    callsInFlight,
    errors: Object.fromEntries(counters.errors),
    retries,
    breaker,
    ...(entries === undefined
      ? undefined
      : { cache: { hits: cache.hit, misses: cache.miss, stale: cache.stale, evictions: cache.evict, entries } }),
    ...(pool === undefined ? undefined : { pool }),
    ...(logBytes === undefined ? undefined : { logBytes }),
    ...(feedPosition === undefined ? undefined : { feedPosition }),
  };
}

function logBytesOf(engine: Source): number | undefined {
  try {
    return engine.logBytes?.();
  } catch {
    // Omits the size of the write-ahead log when the directory of the file cannot be read.
    return undefined;
  }
}
