/** Options of the connection pool for PostgreSQL; SQLite ignores them. Each read replica has a separate pool. */
export interface PoolOptions {
  /**
   * Maximum number of connections, from 1 to 10000. Each transaction holds one connection. A read through `db` inside
   * the callback of a transaction needs a second one. Such a read fails with CONFLICT if transactions that wait for
   * such reads hold all connections.
   *
   * @defaultValue 10
   */
  maxConnections?: number | undefined;
  /**
   * Time in milliseconds for which an idle connection stays open; 0 means forever.
   *
   * @defaultValue 10000
   */
  idleTimeoutMs?: number | undefined;
  /**
   * Maximum time in milliseconds to wait for a connection, a new one or one from the pool; 0 means forever.
   *
   * @defaultValue 5000
   */
  connectTimeoutMs?: number | undefined;
  /**
   * Maximum duration of an SQL statement in milliseconds, after which the server cancels it. With 0, the limit of the
   * database role applies. A connection pooler such as PgBouncer rejects this setting unless it is configured to ignore
   * it.
   *
   * @defaultValue 0
   */
  statementTimeoutMs?: number | undefined;
}

/** Options of the retries after transient failures. */
export interface RetryOptions {
  /**
   * Maximum number of attempts, including the first one, from 1 to 100; 1 disables retries.
   *
   * @defaultValue 5
   */
  attempts?: number | undefined;
  /**
   * Maximum wait in milliseconds after the first failed attempt. The maximum doubles after each further failure. The
   * actual wait is a random time below the maximum. With 0, the call is repeated at once.
   *
   * @defaultValue 20
   */
  baseDelayMs?: number | undefined;
  /**
   * Upper limit in milliseconds of the wait between two attempts, whose maximum doubles after each failure. With 0, the
   * call is repeated at once.
   *
   * @defaultValue 1000
   */
  maxDelayMs?: number | undefined;
  /**
   * Time in milliseconds from the start of the first attempt within which further attempts can begin. Does not abort a
   * running attempt. 0 disables retries.
   *
   * @defaultValue 10000
   */
  budgetMs?: number | undefined;
}

/**
 * Options of the circuit breaker. After several consecutive outages, the breaker opens: calls then fail at once with
 * UNAVAILABLE. An outage is a lost or failed connection, or a failure of the storage. Locks, timeouts and errors of the
 * caller are not outages.
 */
export interface BreakerOptions {
  /**
   * Number of consecutive outages after which the breaker opens, at least 1. A call counts once, with all its retries.
   * Calls that were in flight at the same time and fail together also count once. If they fail over more than a second,
   * they count once for each second.
   *
   * @defaultValue 5
   */
  failures?: number | undefined;
  /**
   * Time in milliseconds after which the open circuit breaker lets one call probe the database. With 0, the next call
   * is the probe.
   *
   * @defaultValue 1000
   */
  resetMs?: number | undefined;
}

/** Options of the record cache, which stores agents and certificates in memory. */
export interface CacheOptions {
  /**
   * Maximum number of cached records, up to 10000000. The least recently used record is evicted first. 0 disables the
   * cache.
   *
   * @defaultValue 10000
   */
  maxEntries?: number | undefined;
  /**
   * Maximum age of a cached record in milliseconds, by the clock `now`. 0 disables the cache, unless `staleIfErrorMs`
   * is set.
   *
   * @defaultValue 10000
   */
  ttlMs?: number | undefined;
  /**
   * Time in milliseconds after `ttlMs` for which the cache still returns a record while the database is UNAVAILABLE.
   * `isStale(record)` is true for such a record. The record may lack changes of other processes, such as a revocation,
   * but not changes of this service. With 0, the cache returns no outdated record.
   *
   * Records that do not exist, reads with `consistency: 'primary'` and reads inside a transaction are excluded.
   *
   * @defaultValue 0
   */
  staleIfErrorMs?: number | undefined;
}
