import type { DatabaseEvent, Logger } from '../diagnostics/types';
import type { LimitOptions } from '../validation/limits';
import type { BreakerOptions, CacheOptions, PoolOptions, RetryOptions } from './option-groups';

/** Handling of the database schema when a database is opened: see the option `migrations`. */
export type MigrationMode = 'apply' | 'verify' | 'skip';

/** Name of a SQLite driver, for the option `driver`. */
export type SqliteDriverName = 'better-sqlite3' | 'node:sqlite';

/** Durability of a commit on SQLite: see the option `durability`. */
export type Durability = 'normal' | 'full';

/**
 * Options of a {@link DatabaseService}. All are optional; `undefined` means the default. Times are in milliseconds. An
 * unknown option, or an invalid value, fails with INVALID_OPTIONS.
 *
 * @example
 * ```ts
 * const db = new DatabaseService({
 *   url: 'postgresql://directory@localhost/directory',
 *   pool: { maxConnections: 20, statementTimeoutMs: 5000 },
 *   cache: { ttlMs: 2000 },
 *   logger: pino(),
 * });
 * ```
 */
export interface DatabaseOptions {
  /**
   * URL of the database:
   *
   * - `file:` and a path, absolute or relative to the working directory, or a `file:///` URL, for a SQLite file.
   * - `:memory:`, for a SQLite database that is removed when it is closed. Its files are in memory if the system has a
   *   file system in memory, and otherwise in the directory for temporary files.
   * - `postgresql://…`, for PostgreSQL, with the driver's parameters, such as `sslmode`, and Prisma's `schema`.
   *
   * @defaultValue `file:./ans_database.sqlite`
   */
  url?: string | undefined;
  /**
   * URLs of PostgreSQL read replicas. The replicas answer reads outside transactions, except reads with `consistency:
   * 'primary'`. The primary answers in place of a replica that is unreachable, is too far behind, or does not follow
   * the primary. Must be empty on SQLite.
   *
   * @defaultValue `[]`
   */
  replicaUrls?: readonly string[] | undefined;
  /**
   * Maximum age in milliseconds of a result from a read replica; with 0, no replica is used.
   *
   * @defaultValue 5000
   */
  maxReplicaLagMs?: number | undefined;
  /**
   * Handling of the database schema by `initialize()`. `apply`: applies the pending migrations. `verify`: fails with
   * SCHEMA_OUTDATED or SCHEMA_TOO_NEW when the schema does not match this version. `skip`: does not check the schema.
   *
   * @defaultValue `apply` on SQLite, `verify` on PostgreSQL
   */
  migrations?: MigrationMode | undefined;
  /**
   * Options of the connection pool for PostgreSQL; SQLite ignores them.
   *
   * @defaultValue the defaults of {@link PoolOptions}
   */
  pool?: PoolOptions | undefined;
  /**
   * Maximum time in milliseconds that each attempt of a call waits for another process's lock on a SQLite file. With 0,
   * the call does not wait. The wait does not block the event loop. PostgreSQL ignores the option.
   *
   * @defaultValue 5000
   */
  busyTimeoutMs?: number | undefined;
  /**
   * Driver of SQLite; PostgreSQL ignores the option. `better-sqlite3` is an optional dependency with a binary of its own.
   * `node:sqlite` is part of Node.js 22.16 and newer. When the driver cannot be loaded, opening the database fails with
   * DRIVER_UNAVAILABLE. All services of a process must use the same driver for the same file.
   *
   * @defaultValue `better-sqlite3` if it can be loaded, otherwise `node:sqlite`
   */
  driver?: SqliteDriverName | undefined;
  /**
   * Durability of a commit on SQLite; PostgreSQL ignores the option. With `normal`, a commit survives a crash of the
   * process. With `full`, a commit also survives a loss of power, and waits until the disk has stored it. Both values
   * use WAL mode.
   *
   * @defaultValue `normal`
   */
  durability?: Durability | undefined;
  /**
   * Maximum size of SQLite's write-ahead log in bytes, at least 4194304 (4 MiB). A thread copies the log into the
   * database file. Writers wait until the thread has emptied the log when it is about to reach this size.
   *
   * The log grows further while a reader, such as a backup, holds an old snapshot: then a warning is logged, and
   * `db.health()` reports it. The log can also exceed this size when one transaction writes more than a quarter of it.
   * PostgreSQL and `:memory:` ignore the option.
   *
   * @defaultValue 67108864 (64 MiB)
   */
  maxWalBytes?: number | undefined;
  /**
   * Options of the retries after transient failures; `false` disables retries.
   *
   * @defaultValue the defaults of {@link RetryOptions}: up to 5 attempts within 10 seconds
   */
  retry?: RetryOptions | false | undefined;
  /**
   * Options of the circuit breaker; `false` disables it. An open breaker does not reject reads that a replica or the
   * cache can answer.
   *
   * @defaultValue the defaults of {@link BreakerOptions}: it opens after 5 failures, for one second
   */
  breaker?: BreakerOptions | false | undefined;
  /**
   * Options of the cache for agents that are read by id, and for certificates that are read by id or fingerprint. All
   * callers get the same frozen object, which they cannot change. The result that a record does not exist is cached for
   * at most one second.
   *
   * On SQLite, no result is older than the last commit of any process. On PostgreSQL, commits of this service take
   * effect at once. Commits of other processes take effect within 200 ms plus the time to read the change feed. While
   * the feed cannot be read, they take effect within `ttlMs`. `isStale` returns true for the records that
   * `staleIfErrorMs` allows.
   *
   * @defaultValue no cache
   */
  cache?: CacheOptions | undefined;
  /**
   * Maximum time in milliseconds that `close()` waits for calls in flight. Afterwards, `close()` aborts them. With 0,
   * it aborts them at once.
   *
   * @defaultValue 30000
   */
  closeTimeoutMs?: number | undefined;
  /**
   * Maximum time in milliseconds for which a `db.transaction` may send no statement while another call of this service
   * waits for it; 0 sets no limit. After this time, the transaction is rolled back. The promise and the later calls of
   * the transaction fail with a TIMEOUT that is not retryable, and the waiting calls continue.
   *
   * The limit ends a deadlock in which the callback itself waits for the other call, for example in a queue. It does
   * not apply while the callback keeps sending statements, or while no other call waits.
   *
   * @defaultValue 30000
   */
  transactionIdleTimeoutMs?: number | undefined;
  /**
   * Maximum number of records that a query without `limit` can match. A query that matches more fails with
   * RESULT_TOO_LARGE. With 0, every query without `limit` that matches a record fails.
   *
   * @defaultValue 10000
   */
  maxResults?: number | undefined;
  /**
   * Maximum sizes of the input and of the result of one call.
   *
   * @defaultValue the defaults of {@link LimitOptions}
   */
  limits?: LimitOptions | undefined;
  /**
   * Lifetime of an agent that is created without `expiresAt`, in milliseconds. With 0, the agent expires at once.
   *
   * @defaultValue 2592000000 (30 days)
   */
  defaultAgentLifetimeMs?: number | undefined;
  /**
   * Logger for failures, retries, migrations and changes of the circuit breaker and the replicas. No logged line
   * contains a value, a key, a path or a secret. An error that the logger throws is ignored.
   *
   * @defaultValue nothing is logged
   */
  logger?: Logger | undefined;
  /**
   * Listener that is called with every {@link DatabaseEvent}. An error that the listener throws is ignored.
   *
   * @defaultValue no events are created
   */
  onEvent?: ((event: DatabaseEvent) => void) | undefined;
  /**
   * Clock that returns milliseconds since 1970. Replace it in tests.
   *
   * @defaultValue `Date.now`
   */
  now?: (() => number) | undefined;
  /**
   * True to allow `DatabaseServiceFactory.resetDatabase()` to delete all records of a PostgreSQL database.
   *
   * @defaultValue false
   */
  allowReset?: boolean | undefined;
}
