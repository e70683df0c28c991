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
 * The directory's database: agents, certificates and security events.
 *
 * Every method fails with a `DatabaseError`: NOT_INITIALIZED before `initialize()` and after `close()`.
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
   * Opens nothing yet.
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
   * Opens the database and looks after its schema as the option `migrations` says. Does nothing where it is open;
   * concurrent calls share one run. After `close()` it opens again; after a failure it tries again.
   *
   * @throws SCHEMA_OUTDATED, SCHEMA_TOO_NEW, MIGRATION_FAILED, UNAVAILABLE, READ_ONLY, CORRUPT, BUSY, STORAGE_FULL; CONFLICT
   * inside a transaction of this very database that is being closed.
   */
  initialize(): Promise<void> {
    // The closing that comes first waits for the transaction, which would wait for the opening after it.
    const isReopened = !this.#lifecycle.isOpen && this.#session.isInsideTransaction();
    if (isReopened) return this.#refuse('initialize', 'cannot reopen its own database');
    return this.#lifecycle.open();
  }

  /**
   * Closes the database: rejects new calls, waits for the calls in flight, including a transaction, for at most
   * `closeTimeoutMs`, and closes all connections. Does nothing when it is closed already; concurrent calls share one
   * run.
   *
   * @throws TIMEOUT when calls were still in flight: they were aborted, their transactions are rolled back, and their
   * next calls fail with NOT_INITIALIZED; the database is closed. CONFLICT inside a transaction of this database.
   */
  close(): Promise<void> {
    // Inside a transaction it would wait for the transaction, which waits for it.
    if (this.#session.isInsideTransaction()) return this.#refuse('close', 'cannot close its own database');
    return this.#lifecycle.close();
  }

  /** {@link close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Runs `work` in one transaction, atomically. While it runs, other reads of this database see the last committed
   * state. That also applies to reads of the database object inside `work`; writes to it there fail at once with
   * CONFLICT. The transaction waits for calls that `work` did not await. A write that was begun outside may wait for
   * the end of the transaction, so `work` must not wait for it.
   *
   * On SQLite transactions run one after another. On PostgreSQL they run concurrently, each on the state at its
   * beginning. By default, with `isolation: 'snapshot'`, two transactions that read the same and change different
   * records both commit: they may exceed a limit such as "an owner has at most one agent", which each of them checked.
   * `isolation: 'serializable'` prevents that among transactions that all use it. After a conflict between
   * transactions, `work` runs again, within the option `retry`.
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
   * @throws the error of `work`, unchanged, after the rollback; BUSY when another process keeps the lock; CONFLICT when
   * conflicts with other transactions lasted until the time for retries was over; TIMEOUT when it sent no statement for
   * `transactionIdleTimeoutMs` while another call waited for it; NOT_INITIALIZED when `close()` aborted it;
   * INVALID_INPUT when `work` is not a function or the options are wrong.
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
   * Brings the schema up to date, whatever the option `migrations` says. All of the pending migrations are applied, or
   * none; several processes may do it at once.
   *
   * @returns the names of the migrations that this call applied, in their order; an empty array when it was up to date.
   * @throws SCHEMA_TOO_NEW, MIGRATION_FAILED, BUSY
   */
  migrateDatabase(): Promise<string[]> {
    return this.#session.migrate();
  }

  /**
   * Checks all stored data: the engine's own structures, all references between records, every derived column, rules
   * that no constraint can express, and the chain of security events. Reads all records as one state, on a connection
   * of its own, in bounded memory and with pauses for other work of the process. Others may write meanwhile; their
   * changes are never reported as damage. On SQLite the check of the file runs in a thread; during the check the
   * write-ahead log only grows. Inside a transaction it sees the last committed state.
   *
   * @returns the findings; for a database that is partly readable, also the unreadable parts. Nothing is changed or
   * repaired.
   * @throws INVALID_INPUT, BUSY, TIMEOUT, UNAVAILABLE. A file that cannot be read at all is also a finding:
   * `initialize()` fails with CORRUPT for it.
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
   * SQLite: copies the database, also `:memory:`, into a new file at `path`, absolute or relative to the working
   * directory. The copy is the committed state at the beginning. Others may write meanwhile and need not wait. A thread
   * does the work; during the copy the write-ahead log only grows. The copy gets its name only when it is complete, was
   * checked by SQLite (integrity, foreign keys, schema and migrations), and is on the disk with its folder's entry.
   * After an earlier failure it is removed. It is one file, with the file mode of the database. Until then it is beside
   * `path` under a name like `.ans-database-….partial`, which remains if the process is killed.
   *
   * @throws ALREADY_EXISTS when there is a file at `path`, or a log that would be taken for its own; UNAVAILABLE when
   * its folder does not exist; READ_ONLY, STORAGE_FULL; CORRUPT when the database is damaged; INVALID_INPUT;
   * INVALID_OPTIONS on PostgreSQL, which has `pg_dump` for that.
   */
  backup(path: string, options?: BackupOptions): Promise<void> {
    // Now, as the working directory may be another one later.
    return this.#session.onDatabase('backup', (database) => database.backUp(parseBackup(path, options)));
  }

  /**
   * Looks how the database is, for a readiness probe or a dashboard: it is asked by a way of its own, past the pool, the
   * cache and the breaker. A database that is sick fails nothing: the answer says so.
   *
   * @throws NOT_INITIALIZED, INVALID_INPUT when `timeoutMs` is no whole number from 1 on.
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
