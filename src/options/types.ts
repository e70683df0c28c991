import type { LimitOptions } from '../validation/limits';
import type { DatabaseEvent, Logger } from '../diagnostics/types';

/** Handling of the database's schema when the database is opened. */
export type MigrationMode = 'apply' | 'verify' | 'skip';

/** Durability of a commit on SQLite. */
export type Durability = 'normal' | 'full';

/** The pool of connections to PostgreSQL. Without a meaning on SQLite. A replica has a pool of its own, of the same kind. */
export interface PoolOptions {
  /**
   * Maximum number of connections, at least 1. A transaction holds one, and a read outside it needs another. When every
   * connection is held by a transaction that waits for such a read, the read fails with CONFLICT. Default: 10.
   */
  maxConnections?: number | undefined;
  /** Time that an unused connection is kept, in milliseconds; 0 keeps it forever. Default: 10000. */
  idleTimeoutMs?: number | undefined;
  /** Time to wait for a connection, new or from the pool, in milliseconds; 0 waits forever. Default: 5000. */
  connectTimeoutMs?: number | undefined;
  /**
   * Time that a statement may run before the server cancels it, in milliseconds; 0 sets no limit, so that the role's
   * own limit applies. A connection pooler such as PgBouncer rejects this setting unless it is configured to ignore it.
   * Default: 0.
   */
  statementTimeoutMs?: number | undefined;
}

/** Options of retrying transient failures. */
export interface RetryOptions {
  /** All attempts, the first included; 1 never tries again. Default: 5. */
  attempts?: number | undefined;
  /** The longest wait after the first failure, in milliseconds; it doubles with each further one. Default: 20. */
  baseDelayMs?: number | undefined;
  /** The longest wait of all, in milliseconds. Default: 1000. */
  maxDelayMs?: number | undefined;
  /**
   * The time for all attempts and waits together, in milliseconds, counted from the start of the first attempt: neither an
   * attempt nor a wait before it begins after it. An attempt that has begun is not cut off. 0 never tries again.
   * Default: 10000.
   */
  budgetMs?: number | undefined;
}

/**
 * Options of the circuit breaker: after an outage, calls fail at once with UNAVAILABLE. Outages are a connection that
 * is lost or cannot be established, and a storage that fails. A lock, an error of the caller and a timeout are not
 * outages.
 */
export interface BreakerOptions {
  /**
   * After how many calls in a row that an outage made fail, their retries included, from 1 on. Calls that were under way
   * together count as one, once a second. Default: 5.
   */
  failures?: number | undefined;
  /**
   * Time after which one call is let through to probe the database, in milliseconds; 0 lets the next one through.
   * Default: 1000.
   */
  resetMs?: number | undefined;
}

/** Options of the record cache in memory. */
export interface CacheOptions {
  /**
   * Maximum number of records, up to 10000000; the least recently used ones are evicted first. 0 disables the cache.
   * Default: 10000.
   */
  maxEntries?: number | undefined;
  /** Time that a record is kept, in milliseconds by the option `now`; 0 disables the cache. Default: 10000. */
  ttlMs?: number | undefined;
  /**
   * For how long after `ttlMs` a record may still be given where the database is UNAVAILABLE, in milliseconds: for it
   * `isStale(record)` is true. It may lack what others have changed, a revocation too, but nothing that this service has.
   * That there is no record is never answered so, nor what asks for the primary, or inside a transaction. 0 never does.
   * Default: 0.
   */
  staleIfErrorMs?: number | undefined;
}

/** Options of opening a database. Every option has a default. */
export interface DatabaseOptions {
  /**
   * `file:` and a path, absolute or relative to the working directory, or a `file:///` URL; or `:memory:`, a database of
   * its own that is gone when it is closed (kept in the system's directory for temporary files, in memory where it has
   * one); or a `postgresql://` URL with the driver's parameters (such as `sslmode`) and Prisma's `schema`. Default:
   * `file:./ans_database.sqlite`.
   */
  url?: string | undefined;
  /**
   * URLs of PostgreSQL read replicas, for reads outside transactions that do not request the primary. A replica that is
   * down, that lags, that was promoted, or that does not follow the primary is skipped, and the primary answers. Not
   * available for SQLite. Default: none.
   */
  replicaUrls?: readonly string[] | undefined;
  /** Maximum replication lag of a result, in milliseconds; 0 uses no replica. Default: 5000. */
  maxReplicaLagMs?: number | undefined;
  /**
   * `apply` brings the schema up to date; `verify` fails with SCHEMA_OUTDATED or SCHEMA_TOO_NEW where it is another than
   * this package's; `skip` takes it as it is. Default: `apply` on SQLite, `verify` on PostgreSQL.
   */
  migrations?: MigrationMode | undefined;
  /** See {@link PoolOptions}. Without a meaning on SQLite. */
  pool?: PoolOptions | undefined;
  /**
   * Time that each attempt waits for another process's lock on a SQLite file, in milliseconds; 0 does not wait. The
   * process continues its other work meanwhile. Default: 5000.
   */
  busyTimeoutMs?: number | undefined;
  /**
   * Durability of a commit on SQLite. A commit with `normal` survives every end of the process. With `full` it also
   * survives a loss of power, at the cost of a flush to the disk for each commit. Both use WAL mode. Default: `normal`.
   */
  durability?: Durability | undefined;
  /** Options of retrying transient failures; false disables retries. Default: 5 attempts within 10 seconds. */
  retry?: RetryOptions | false | undefined;
  /**
   * Options of the circuit breaker; false disables it. Reads that a replica or the cache answers are never rejected.
   * Default: it opens after 5 failures, for one second.
   */
  breaker?: BreakerOptions | false | undefined;
  /**
   * Caches agents that are read by their ids, and certificates that are read by their ids or fingerprints. The absence
   * of a record is cached for at most one second. All callers get the same frozen record: a change of it throws a
   * TypeError in strict mode. On SQLite no result is ever older than the last commit of any process. On PostgreSQL own
   * commits take effect at once. Commits of others are noticed within 200 ms and the time that reading the feed takes,
   * or within `ttlMs` when the feed cannot be read, or was not written to. `staleIfErrorMs` allows exceptions, which
   * are marked. Default: no cache.
   */
  cache?: CacheOptions | undefined;
  /**
   * Time that `close()` waits for calls in flight before it aborts them, in milliseconds; 0 aborts them at once.
   * Default: 30000.
   */
  closeTimeoutMs?: number | undefined;
  /**
   * Time that a `db.transaction` may send no statement while another call of this service waits for it, in
   * milliseconds; 0 means no limit. After that time it is rolled back: its promise and its later calls fail with
   * TIMEOUT, which is not retryable, and the waiting calls continue. The callback itself may wait for the other call,
   * for example through a queue: without this limit neither of them would ever end. The limit never applies to a
   * callback that keeps sending statements, however long it takes, or to one for which no call waits. Default: 30000.
   */
  transactionIdleTimeoutMs?: number | undefined;
  /**
   * Maximum number of records that a query without `limit` may return before it fails with RESULT_TOO_LARGE. Default:
   * 10000.
   */
  maxResults?: number | undefined;
  /**
   * Maximum sizes of the input and of the result of one call: see {@link LimitOptions}. Default: all of its defaults.
   */
  limits?: LimitOptions | undefined;
  /** Lifetime of an agent without `expiresAt`, in milliseconds; 0 expires it at once. Default: 30 days. */
  defaultAgentLifetimeMs?: number | undefined;
  /** Logger for failures, retries and migrations. Default: none. */
  logger?: Logger | undefined;
  /** Called with every event: see {@link DatabaseEvent}. Default: none. */
  onEvent?: ((event: DatabaseEvent) => void) | undefined;
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  now?: (() => number) | undefined;
  /** Lets `DatabaseServiceFactory.resetDatabase` empty a PostgreSQL database. Default: false. */
  allowReset?: boolean | undefined;
}
