/** Options of the connection pool for PostgreSQL; SQLite ignores them. Each read replica has a separate pool. */
export interface PoolOptions {
  /**
   * Maximum number of connections, from 1 to 10000. A transaction holds one connection. A read that its callback makes
   * outside the transaction needs a second connection. When all connections are held by transactions whose callbacks
   * wait for such a read, the read fails with CONFLICT.
   *
   * @defaultValue 10
   */
  maxConnections?: number | undefined;
  /**
   * Time that an idle connection is kept, in milliseconds; 0 keeps it forever.
   *
   * @defaultValue 10000
   */
  idleTimeoutMs?: number | undefined;
  /**
   * Maximum time to wait for a connection, new or from the pool, in milliseconds; 0 waits forever.
   *
   * @defaultValue 5000
   */
  connectTimeoutMs?: number | undefined;
  /**
   * Maximum time of a statement, in milliseconds; the server cancels a longer one. 0 sets no limit, so the limit of the
   * role applies. A connection pooler such as PgBouncer rejects this setting unless it is configured to ignore it.
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
   * Maximum wait after the first failure, in milliseconds. This maximum doubles after each further failure. The actual
   * wait is a random time up to the maximum. 0 repeats the call at once.
   *
   * @defaultValue 20
   */
  baseDelayMs?: number | undefined;
  /**
   * Upper limit for the maximum wait after any failure, in milliseconds; 0 repeats the call at once.
   *
   * @defaultValue 1000
   */
  maxDelayMs?: number | undefined;
  /**
   * Time after the start of the first attempt in which further attempts can begin, in milliseconds. A running attempt
   * is not aborted. 0 disables retries.
   *
   * @defaultValue 10000
   */
  budgetMs?: number | undefined;
}

/**
 * Options of the circuit breaker. After several consecutive outages, the breaker opens: calls fail at once with
 * UNAVAILABLE. An outage is a lost or failed connection, or a failure of the storage. Locks, timeouts and errors of the
 * caller are not outages.
 */
export interface BreakerOptions {
  /**
   * Number of consecutive outages after which the breaker opens, at least 1. A call and its retries count once. When
   * calls that were in flight at the same time fail, they count once, and once more for each second of the outage.
   *
   * @defaultValue 5
   */
  failures?: number | undefined;
  /**
   * Time after which the open breaker lets one call probe the database, in milliseconds. With 0, the next call probes
   * it.
   *
   * @defaultValue 1000
   */
  resetMs?: number | undefined;
}

/** Options of the record cache, which is in memory. */
export interface CacheOptions {
  /**
   * Maximum number of records, up to 10000000. The least recently used record is evicted first. 0 disables the cache.
   *
   * @defaultValue 10000
   */
  maxEntries?: number | undefined;
  /**
   * Maximum age of a record, in milliseconds of the clock `now`. 0 disables the cache, unless `staleIfErrorMs` is set.
   *
   * @defaultValue 10000
   */
  ttlMs?: number | undefined;
  /**
   * Time after `ttlMs` for which a record is still returned while the database is UNAVAILABLE, in milliseconds;
   * `isStale(record)` is then true. Such a record may lack changes of other processes, including a revocation. It has
   * all changes of this service. This does not apply to the result that a record does not exist, to reads with
   * `consistency: 'primary'`, and to reads inside a transaction. With 0, no outdated record is returned.
   *
   * @defaultValue 0
   */
  staleIfErrorMs?: number | undefined;
}
