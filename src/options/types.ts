import type { DatabaseEvent, Logger } from '../diagnostics/types';

/** What to do about the schema of the database when it is opened. */
export type MigrationMode = 'apply' | 'verify' | 'skip';

/** How safe a commit on SQLite is. */
export type Durability = 'normal' | 'full';

/** The pool of connections to PostgreSQL. Without a meaning on SQLite. A replica has a pool of its own, of the same kind. */
export interface PoolOptions {
  /**
   * Connections at most, from 1 on. A transaction holds one, and a read beside it needs another. When every connection is
   * held by a transaction that waits for such a read, the read fails with CONFLICT. Default: 10.
   */
  maxConnections?: number | undefined;
  /** How long an unused connection is kept, in milliseconds; 0 keeps it. Default: 10000. */
  idleTimeoutMs?: number | undefined;
  /** How long to wait for a connection, new or from the pool, in milliseconds; 0 waits for ever. Default: 5000. */
  connectTimeoutMs?: number | undefined;
  /**
   * How long a statement may run before the server ends it, in milliseconds; 0 sets no limit, so that the role's own
   * applies. A connection pooler such as PgBouncer refuses it unless it is told to let it be. Default: 0.
   */
  statementTimeoutMs?: number | undefined;
}

/** What is done about transient failures. */
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
 * When calls fail at once, with UNAVAILABLE, because the database was found to be down. Outages count: a connection that
 * is lost or cannot be made, and a storage that fails; a lock, a mistake of the caller's or a limit of time does not.
 */
export interface BreakerOptions {
  /**
   * After how many calls in a row that an outage made fail, their retries included, from 1 on. Calls that were under way
   * together count as one, once a second. Default: 5.
   */
  failures?: number | undefined;
  /**
   * How long after that one call is let through to find out whether the database is there again, in milliseconds; 0 lets
   * the next one through. Default: 1000.
   */
  resetMs?: number | undefined;
}

/** What is kept in memory of what was read. */
export interface CacheOptions {
  /** How many records at most, up to 10000000; those that were not asked for longest go first. 0 keeps none. Default: 10000. */
  maxEntries?: number | undefined;
  /** For how long a record is kept, in milliseconds by the option `now`; 0 keeps none. Default: 10000. */
  ttlMs?: number | undefined;
  /**
   * For how long after `ttlMs` a record may still be given where the database is UNAVAILABLE, in milliseconds: for it
   * `isStale(record)` is true. It may lack what others have changed, a revocation too, but nothing that this service has.
   * That there is no record is never answered so, nor what asks for the primary, or inside a transaction. 0 never does.
   * Default: 0.
   */
  staleIfErrorMs?: number | undefined;
}

/**
 * How much one call may be given, and may give: what is more fails with INVALID_INPUT, or with RESULT_TOO_LARGE, before it
 * takes the process's memory or its time. Whole numbers; 0 sets no limit. Characters are UTF-16 code units, as `length`
 * counts them. A record that was stored under higher limits can still be read. PostgreSQL's indexes take less of some
 * fields than these defaults.
 */
export interface LimitOptions {
  /** Characters of an id, a name, an owner, a version, an address, a subject, a source and the like. Default: 1024. */
  nameLength?: number | undefined;
  /** Characters of a description, a key, a certificate, a message or the details of a mitigation. Default: 4194304. */
  textLength?: number | undefined;
  /** Bytes of the metadata of one record, or of one endpoint, as JSON in UTF-8. Default: 4194304. */
  metadataBytes?: number | undefined;
  /**
   * JSON values in the metadata of one record, and in those of an agent's endpoints together: each text, number, truth
   * value, null, array and object counts, at any level. An answer may have 20 times as many, and fails with
   * RESULT_TOO_LARGE beyond. Default: 100000.
   */
  metadataValues?: number | undefined;
  /** Levels of nesting in metadata, up to 1000, which 0 means, too. Default: 1000. */
  metadataDepth?: number | undefined;
  /** Endpoints of one agent. Default: 10000. */
  endpoints?: number | undefined;
  /** Capabilities of one agent. Default: 10000. */
  capabilities?: number | undefined;
  /** Characters of an agent's endpoints together, metadata included, of its capabilities, and of a list to look for. Default: 4194304. */
  recordLength?: number | undefined;
  /** Records given to one `createMany` or `recordMany`. Default: 1000000. */
  batchSize?: number | undefined;
  /** Elements of a list to look for, such as `ids`. Default: 100000. */
  listLength?: number | undefined;
  /**
   * Characters of a page's cursor, which is up to eight times as long as the id and the value that it holds. Default:
   * 8388608.
   */
  cursorLength?: number | undefined;
  /**
   * Characters of all texts, metadata included, in the answer of one query, page or `getMany`; what is more fails with
   * RESULT_TOO_LARGE. `iterate` reads less at a time instead. Default: 134217728.
   */
  answerLength?: number | undefined;
}

/** How a database is opened. Everything has a default. */
export interface DatabaseOptions {
  /**
   * `file:` and a path, absolute or relative to the working directory, or a `file:///` URL; or `:memory:`, a database of
   * its own that is gone when it is closed (kept in the system's directory for temporary files, in memory where it has
   * one); or a `postgresql://` URL with the driver's parameters (such as `sslmode`) and Prisma's `schema`. Default:
   * `file:./ans_database.sqlite`.
   */
  url?: string | undefined;
  /**
   * PostgreSQL read replicas, for reads outside transactions that do not ask for the primary. One that is down, that lags,
   * that was promoted, or that does not follow the primary is left out, and the primary answers. None can be given for SQLite. Default: none.
   */
  replicaUrls?: readonly string[] | undefined;
  /**
   * How far behind the primary a replica's answer may be, in milliseconds; 0 uses no replica. Default: 5000.
   */
  maxReplicaLagMs?: number | undefined;
  /**
   * `apply` brings the schema up to date; `verify` fails with SCHEMA_OUTDATED or SCHEMA_TOO_NEW where it is another than
   * this package's; `skip` takes it as it is. Default: `apply` on SQLite, `verify` on PostgreSQL.
   */
  migrations?: MigrationMode | undefined;
  /** See {@link PoolOptions}. Without a meaning on SQLite. */
  pool?: PoolOptions | undefined;
  /**
   * How long each attempt waits for another process's lock on a SQLite file, in milliseconds; 0 does not wait. The
   * process goes on with its other work meanwhile. Default: 5000.
   */
  busyTimeoutMs?: number | undefined;
  /**
   * How safe a commit on SQLite is: `normal` survives every end of the process, `full` a loss of power too, at the price
   * of a flush to the disk for each. Both are in WAL mode. Default: `normal`.
   */
  durability?: Durability | undefined;
  /** What is done about transient failures; false never tries again. Default: 5 attempts within 10 seconds. */
  retry?: RetryOptions | false | undefined;
  /**
   * When calls fail at once because the database was found to be down; false never refuses any. Reads that a replica or
   * the cache answers go on. Default: after 5 failures, for a second.
   */
  breaker?: BreakerOptions | false | undefined;
  /**
   * Keeps agents that are read by their ids, and certificates that are read by their ids or fingerprints, and for a second
   * at most that there is none. Who reads them is given the same frozen record as everybody else: a change of it throws a
   * TypeError in strict mode. On SQLite no answer is ever older than the last commit, whoever made it. On PostgreSQL own
   * commits count at once; those of others are noticed within 200 ms and the time that reading the feed takes, and within
   * `ttlMs` where the feed cannot be read, or was not written to. `staleIfErrorMs` allows exceptions, which are marked.
   * Default: nothing is kept.
   */
  cache?: CacheOptions | undefined;
  /**
   * How long `close()` waits for work in flight, in milliseconds, until it cuts it off; 0 cuts it off at once. Default:
   * 30000.
   */
  closeTimeoutMs?: number | undefined;
  /**
   * How long a `db.transaction` may send no statement while another call of this service waits for it, in milliseconds; 0:
   * for ever. After that it is rolled back: its promise, and what it calls next, fail with TIMEOUT, which is not retryable,
   * and those that wait go on. The other call may be one that the callback itself waits for, through a queue for instance,
   * so that neither would ever end. A callback that keeps sending statements is never cut off, however long it takes, nor
   * one that nobody waits for. Default: 30000.
   */
  transactionIdleTimeoutMs?: number | undefined;
  /** How many records a query without `limit` may give before it fails with RESULT_TOO_LARGE. Default: 10000. */
  maxResults?: number | undefined;
  /** How much one call may be given, and may give: see {@link LimitOptions}. Default: all of its defaults. */
  limits?: LimitOptions | undefined;
  /** How long an agent without `expiresAt` is registered, in milliseconds; 0 ends at once. Default: 30 days. */
  defaultAgentLifetimeMs?: number | undefined;
  /** Told of failures, retries and migrations. Default: none. */
  logger?: Logger | undefined;
  /** Told of everything: see {@link DatabaseEvent}. Default: none. */
  onEvent?: ((event: DatabaseEvent) => void) | undefined;
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  now?: (() => number) | undefined;
  /** Lets `DatabaseServiceFactory.resetDatabase` empty a PostgreSQL database. Default: false. */
  allowReset?: boolean | undefined;
}
