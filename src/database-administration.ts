import type { DatabaseStats } from './health/stats';
import type { DatabaseHealth, HealthOptions } from './health/types';
import type { CheckOptions, CheckReport } from './integrity/types';
import type { MaintenanceOptions, MaintenanceReport } from './maintenance-types';
import type { BackupOptions } from './options/backup-options';
import type { TransactionOptions } from './options/transaction-options';
import type { TransactionScope } from './transaction-scope';

/** Methods that open, close, check and maintain a database as a whole. */
export interface DatabaseAdministration {
  /**
   * Opens the database, and applies or verifies its migrations, as the option `migrations` says. Does nothing when the
   * database is open. Concurrent calls open it only once. Call it again after `close()` or after a failure.
   *
   * @throws SCHEMA_OUTDATED, SCHEMA_TOO_NEW or MIGRATION_FAILED when the schema is not the one of this version and
   * cannot be migrated; PERMISSION_DENIED, READ_ONLY, STORAGE_FULL, BUSY, UNAVAILABLE, DRIVER_UNAVAILABLE or CORRUPT
   * when the database cannot be opened or used; CONFLICT inside a transaction of this database while the database is
   * being closed.
   * @example
   * ```ts
   * const db = new DatabaseService({ url: 'file:./directory.sqlite' });
   * await db.initialize();
   * ```
   */
  initialize(): Promise<void>;

  /**
   * Closes the database: rejects new calls, waits for the calls and transactions in flight for at most
   * `closeTimeoutMs`, and closes all connections. Does nothing when the database is closed. Concurrent calls close it
   * only once.
   *
   * @throws TIMEOUT when calls were still in flight after `closeTimeoutMs`: these calls were aborted, their
   * transactions were rolled back, and the database is closed; CONFLICT inside a transaction of this database.
   * @example
   * ```ts
   * process.once('SIGTERM', () => {
   *   server.close(() => void db.close());
   * });
   * ```
   */
  close(): Promise<void>;

  /**
   * Runs `work` in one transaction, atomically. The calls of its argument `tx` are part of the transaction; the
   * transaction also waits for calls that `work` has not awaited. Until the commit, all other reads see the last
   * committed state. A read through the database object `db` inside `work` also sees that state, and a write through
   * `db` fails at once with CONFLICT.
   *
   * `work` must not wait for a write outside the transaction, because this write may wait for the end of the
   * transaction.
   *
   * On SQLite, transactions run one after another. On PostgreSQL, they run concurrently, each on a snapshot from its
   * start. With `isolation: 'snapshot'`, write skew is possible: two transactions can both commit although each reads
   * what the other changes. With `isolation: 'serializable'`, this cannot happen among the transactions of that level.
   * After a conflict with another transaction, `work` runs again, within the limits of the option `retry`.
   *
   * @returns the result of `work`, after the commit.
   * @throws the error of `work`, unchanged, after the rollback; CONFLICT when the transaction conflicts with other
   * transactions until the retries are exhausted; BUSY when another process holds a lock for too long; TIMEOUT when the
   * transaction sends no statement for `transactionIdleTimeoutMs` while another call waits for it; NOT_INITIALIZED when
   * `close()` aborts it; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const createFirst = async (tx: TransactionScope) => {
   *   if ((await tx.agents.count({ owner })) === 0) await tx.createAgent(agent);
   * };
   * await db.transaction(createFirst, { isolation: 'serializable' });
   * ```
   */
  transaction<T>(work: (tx: TransactionScope) => T | Promise<T>, options?: TransactionOptions): Promise<T>;

  /**
   * Applies the pending migrations atomically, regardless of the option `migrations`. Several processes can call it at
   * the same time.
   *
   * @returns the names of the applied migrations, in order; an empty array when the schema is up to date.
   * @throws SCHEMA_TOO_NEW when a newer version has migrated the database; MIGRATION_FAILED when a migration fails or
   * has failed before; PERMISSION_DENIED when the database role lacks a privilege; BUSY when another process holds a
   * lock for too long; CONFLICT inside a transaction of this database.
   * @example
   * ```ts
   * const applied = await db.migrateDatabase();
   * for (const name of applied) console.log(`applied ${name}`);
   * ```
   */
  migrateDatabase(): Promise<string[]>;

  /**
   * Checks all stored data: the structures of the engine, the references between records, the derived columns, the
   * event chain, and the rules that no constraint can express. Reads one snapshot on a separate connection, in constant
   * memory, and pauses for other work of the process. Other calls can write meanwhile, and concurrent writes are never
   * reported as damage.
   *
   * Changes nothing, except that on PostgreSQL it first appends pending entries to the event chain. On SQLite, a thread
   * checks the file, and the write-ahead log cannot shrink meanwhile. A check inside a transaction sees the last
   * committed state.
   *
   * @returns the report. Its findings include the parts that could not be read.
   * @throws INVALID_INPUT when the options are invalid; BUSY, TIMEOUT or UNAVAILABLE when the database cannot be read.
   * @example
   * ```ts
   * const { ok, findings } = await db.check();
   * if (!ok) console.error(findings);
   * ```
   */
  check(options?: CheckOptions): Promise<CheckReport>;

  /**
   * Does the regular maintenance of a database. Runs only the tasks that the options name, one after another, in short
   * transactions. Several processes can call it at the same time: each record is expired or pruned, and counted, only
   * once. If a task fails, the earlier tasks keep their effect; call it again.
   *
   * @returns the counts and the outcomes of the tasks; 0 and false for tasks that the options do not name.
   * @throws CONFLICT inside a transaction of this database; PERMISSION_DENIED when the database role lacks a privilege;
   * BUSY when another process holds a lock for too long; INVALID_INPUT when the options are invalid.
   * @example
   * ```ts
   * const before = new Date(Date.now() - 7 * 24 * 60 * 60 * 1000);
   * const report = await db.maintain({ expire: true, pruneChanges: { before }, optimize: true });
   * console.log(report.agentsExpired, report.changesPruned);
   * ```
   */
  maintain(options: MaintenanceOptions): Promise<MaintenanceReport>;

  /**
   * Copies a SQLite database, also `:memory:`, into a new file at `path`, absolute or relative to the working
   * directory. The copy has the state that was committed when the backup began, and the file mode of the database.
   * Other calls can write meanwhile, but the write-ahead log cannot shrink.
   *
   * Until the copy is complete, checked by SQLite and synced to the disk, it has a temporary name beside `path`, such
   * as `.ans-database-….partial`. After a failure, the partial copy is removed; it stays if the process is killed.
   *
   * @throws ALREADY_EXISTS when `path`, or a write-ahead log beside it, exists; UNAVAILABLE when its directory does not
   * exist; READ_ONLY or STORAGE_FULL when the copy cannot be written; CORRUPT when the database is damaged;
   * INVALID_INPUT when an argument is invalid; INVALID_OPTIONS on PostgreSQL: use `pg_dump` there.
   * @example
   * ```ts
   * const date = new Date().toISOString().slice(0, 10);
   * await db.backup(`./backups/${date}.sqlite`);
   * ```
   */
  backup(path: string, options?: BackupOptions): Promise<void>;

  /**
   * Probes the health of the database, for a readiness probe or a dashboard. Uses a separate connection, and bypasses
   * the cache and the circuit breaker. Does not reject when the database is down: the result has the status `down`.
   *
   * @throws NOT_INITIALIZED before `initialize()` and after `close()`; INVALID_INPUT when the options are invalid.
   * @example
   * ```ts
   * const { status, warnings } = await db.health({ timeoutMs: 500 });
   * if (status !== 'up') console.warn(status, warnings);
   * ```
   */
  health(options?: HealthOptions): Promise<DatabaseHealth>;

  /**
   * Returns counters and the present state of this service, for metrics. Sends no statement. Never fails, not even
   * before `initialize()` and after `close()`. The counters begin at 0 when the service is created, and only increase;
   * `close()` does not reset them.
   *
   * @example
   * ```ts
   * const { calls, errors, pool } = db.stats();
   * console.log(calls, errors.UNAVAILABLE ?? 0, pool?.waiting ?? 0);
   * ```
   */
  stats(): DatabaseStats;
}
