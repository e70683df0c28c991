// For users whose compiler options name an older library.
/// <reference lib="esnext.disposable" preserve="true" />
import { parseBackup } from './options/parse-backup';
import type { BackupOptions } from './options/backup-options';
import { Findings } from './integrity/findings';
import type { CheckOptions, CheckReport } from './integrity/types';
import { Lifecycle } from './lifecycle';
import { openDatabase } from './open-database';
import { perform } from './runtime/perform';
import { DatabaseSession } from './runtime/session';
import { DatabaseOperations } from './database-operations';
import { Diagnostics } from './diagnostics/diagnostics';
import { parseHealthOptions, probeHealth } from './health/probe';
import type { DatabaseHealth, HealthOptions } from './health/types';
import { Failure, invalidInput } from './errors/failure';
import { toDatabaseError } from './errors/operation';
import { Validator } from './validation/validator';
import {
  parseTransactionOptions,
  type TransactionIsolation,
  type TransactionOptions,
} from './options/transaction-options';
import type { DatabaseOptions } from './options/types';
import { resolveOptions, type ResolvedOptions } from './options/resolve-options';
import { wholeMilliseconds, type ServiceSettings } from './options/service-settings';
import { TransactionScope } from './transaction-scope';

/**
 * The options of a service as they were read when it was made.
 *
 * @internal
 */
export let optionsOf: (service: DatabaseService) => ResolvedOptions;

/**
 * Database of a directory: agents, certificates and security events. Every error is a `DatabaseError`; calls before
 * `initialize()` and after `close()` fail with NOT_INITIALIZED.
 *
 * @example
 * ```ts
 * await using db = new DatabaseService({ url: 'file:./directory.sqlite' });
 * await db.initialize();
 * const agents = await db.queryAgents({ capabilities: ['plan'] });
 * ```
 */
export class DatabaseService extends DatabaseOperations implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #settings: ServiceSettings;
  readonly #diagnostics: Diagnostics;
  readonly #session: DatabaseSession;
  readonly #lifecycle: Lifecycle;

  static {
    optionsOf = (service) => service.#options;
  }

  /**
   * Checks the options. Does not open the database.
   *
   * @throws INVALID_OPTIONS
   */
  constructor(options: DatabaseOptions = {}) {
    const resolved = resolveOrThrow(options);
    const diagnostics = new Diagnostics(resolved.logger, resolved.onEvent);
    const session = new DatabaseSession(diagnostics, resolved);
    const settings = { ...resolved, now: wholeMilliseconds(resolved.now), checks: new Validator(resolved.limits) };
    super(session, settings);
    this.#settings = settings;
    this.#options = resolved;
    this.#diagnostics = diagnostics;
    this.#session = session;
    this.#lifecycle = new Lifecycle(
      () => this.#open(),
      () => this.#close(),
    );
  }

  /**
   * Opens the database, and applies or verifies its migrations, as the option `migrations` says. Does nothing when it is
   * open. Concurrent calls share one run. Call it again after `close()` or after a failure.
   *
   * @throws SCHEMA_OUTDATED, SCHEMA_TOO_NEW, MIGRATION_FAILED, PERMISSION_DENIED, UNAVAILABLE, DRIVER_UNAVAILABLE,
   * READ_ONLY, CORRUPT, BUSY, STORAGE_FULL; CONFLICT inside a transaction of this database while it is being closed.
   */
  initialize(): Promise<void> {
    // The opening waits for the closing, which waits for the transaction, which would wait for the opening.
    const isReopened = !this.#lifecycle.isOpen && this.#session.isInsideTransaction();
    if (isReopened) return this.#refuse('initialize', 'cannot reopen its own database');
    return this.#lifecycle.open();
  }

  /**
   * Closes the database: rejects new calls, waits for the calls and transactions in flight for at most
   * `closeTimeoutMs`, and closes all connections. Does nothing when it is closed. Concurrent calls share one run.
   *
   * @throws TIMEOUT when calls were still in flight. They are aborted and their transactions are rolled back; the
   * database is closed. CONFLICT inside a transaction of this database.
   */
  close(): Promise<void> {
    // It would wait for the transaction, which would wait for it.
    if (this.#session.isInsideTransaction()) return this.#refuse('close', 'cannot close its own database');
    return this.#lifecycle.close();
  }

  /** {@link close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Runs `work` in one transaction, atomically. Calls of its argument `tx` are part of the transaction. Meanwhile, all
   * other reads see the last committed state, also reads of the database object inside `work`; writes to it there fail
   * at once with CONFLICT. The transaction waits for calls that `work` did not await. `work` must not wait for a write
   * outside of the transaction, which may wait for the end of the transaction.
   *
   * On SQLite, transactions run one after another. On PostgreSQL they run concurrently, each on a snapshot of its
   * beginning. With `isolation: 'snapshot'`, two transactions that read the same records and change different ones both
   * commit (write skew). `isolation: 'serializable'` prevents that among transactions that all use it. After a conflict
   * with another transaction, `work` runs again, within the limits of the option `retry`.
   *
   * @example
   * ```ts
   * await db.transaction(
   *   async (tx) => {
   *     if ((await tx.agents.count({ owner })) === 0) await tx.createAgent(agent);
   *   },
   *   { isolation: 'serializable' },
   * );
   * ```
   *
   * @returns the result of `work`, after the commit.
   * @throws the error of `work`, unchanged, after the rollback; CONFLICT when it conflicts with other transactions until
   * the retries are exhausted; BUSY when another process holds the lock; TIMEOUT when it sends no statement for
   * `transactionIdleTimeoutMs` while another call waits for it; NOT_INITIALIZED when `close()` aborts it; INVALID_INPUT.
   */
  transaction<T>(work: (tx: TransactionScope) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    let isolation: TransactionIsolation;
    try {
      if (typeof work !== 'function') throw invalidInput('work', 'must be a function');
      isolation = parseTransactionOptions(options);
    } catch (error) {
      return perform(this.#diagnostics, 'transaction', () => {
        throw error;
      });
    }
    return this.#session.transaction(async (session) => work(new TransactionScope(session, this.#settings)), isolation);
  }

  /**
   * Applies the pending migrations atomically, whatever the option `migrations` says. Several processes may call it at
   * the same time.
   *
   * @returns the names of the applied migrations, in order; an empty array when the schema is up to date.
   * @throws SCHEMA_TOO_NEW, MIGRATION_FAILED, PERMISSION_DENIED, BUSY
   */
  migrateDatabase(): Promise<string[]> {
    return this.#session.migrate();
  }

  /**
   * Checks all stored data: the structures of the engine, the references between records, every derived column, rules
   * that no constraint can express, and the event chain. Changes nothing. Reads one snapshot on a connection of its own,
   * in bounded memory, and pauses for other work of the process. Concurrent writes are never reported as damage. On
   * SQLite, the file is checked in a thread, and the write-ahead log only grows meanwhile. Inside a transaction it sees
   * the last committed state.
   *
   * @returns the findings, including the parts that could not be read.
   * @throws INVALID_INPUT, BUSY, TIMEOUT, UNAVAILABLE.
   * @example
   * ```ts
   * const { ok, findings } = await db.check();
   * if (!ok) console.error(findings);
   * ```
   */
  check(options?: CheckOptions): Promise<CheckReport> {
    return this.#session.onDatabase('check', async (database) => {
      const findings = new Findings(options);
      await database.checkIntegrity(findings);
      const report = findings.toReport();
      for (const warning of report.warnings) this.#diagnostics.warned(warning);
      return report;
    });
  }

  /**
   * Copies a SQLite database, also `:memory:`, into a new file at `path`, absolute or relative to the working directory.
   * The copy has the committed state of the beginning and the file mode of the database. A thread copies it; others may
   * write meanwhile, and the write-ahead log only grows. The copy has a temporary name beside `path`, such as
   * `.ans-database-….partial`, until it is complete, checked by SQLite and synced to the disk. It is removed after a
   * failure, but not when the process is killed.
   *
   * @throws ALREADY_EXISTS when `path`, or a write-ahead log beside it, exists; UNAVAILABLE when its directory does not
   * exist; READ_ONLY, STORAGE_FULL; CORRUPT when the database is damaged; INVALID_INPUT; INVALID_OPTIONS on PostgreSQL:
   * use `pg_dump` there.
   * @example await db.backup('./backup.sqlite');
   */
  backup(path: string, options?: BackupOptions): Promise<void> {
    // Resolves the path now: the working directory may change.
    return this.#session.onDatabase('backup', (database) => database.backUp(parseBackup(path, options)));
  }

  /**
   * Probes the health of the database, for a readiness probe or a dashboard. Uses a connection of its own and bypasses
   * the cache and the circuit breaker. Does not fail when the database is down: the result says so.
   *
   * @throws NOT_INITIALIZED, INVALID_INPUT
   * @example if ((await db.health({ timeoutMs: 500 })).status === 'down') response.statusCode = 503;
   */
  health(options?: HealthOptions): Promise<DatabaseHealth> {
    return this.#session.onDatabase('health', ({ healthProbe }) => {
      const reportError = (error: unknown): void => this.#diagnostics.internalError('health', error);
      return probeHealth(healthProbe, this.#session.breakerState, parseHealthOptions(options), reportError);
    });
  }

  #refuse(operation: 'initialize' | 'close', what: string): Promise<never> {
    return perform(this.#diagnostics, operation, () => {
      throw new Failure('CONFLICT', `a transaction ${what}`);
    });
  }

  #open(): Promise<void> {
    return perform(this.#diagnostics, 'initialize', async () => {
      this.#session.open(await openDatabase(this.#options, this.#diagnostics));
    });
  }

  #close(): Promise<void> {
    return perform(this.#diagnostics, 'close', () => this.#session.close(this.#options.closeTimeoutMs));
  }
}

function resolveOrThrow(options: unknown): ResolvedOptions {
  try {
    return resolveOptions(options);
  } catch (error) {
    throw toDatabaseError('initialize', error);
  }
}
