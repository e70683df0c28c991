// Declares AsyncDisposable for applications whose compiler option `lib` does not contain it.
/// <reference lib="esnext.disposable" preserve="true" />
import { parseBackup } from './options/parse-backup';
import type { BackupOptions } from './options/backup-options';
import { trySequencePending } from './events/chain/sequence';
import { Findings } from './integrity/findings';
import type { CheckOptions, CheckReport } from './integrity/types';
import { Lifecycle } from './lifecycle';
import { maintainDatabase, parseMaintenance } from './maintenance';
import type { MaintenanceOptions, MaintenanceReport } from './maintenance-types';
import { openDatabase } from './open-database';
import { perform } from './runtime/perform';
import { DatabaseSession } from './runtime/session';
import type { DatabaseAdministration } from './database-administration';
import { DatabaseOperations } from './database-operations';
import { Diagnostics } from './diagnostics/diagnostics';
import { parseHealthOptions, probeHealth } from './health/probe';
import { toStats, type DatabaseStats } from './health/stats';
import type { DatabaseHealth, HealthOptions } from './health/types';
import { Failure, invalidInput } from './errors/failure';
import { toDatabaseError } from './errors/operation';
import { Validator } from './validation/validator';
import {
  parseTransactionOptions,
  type ParsedTransactionOptions,
  type TransactionOptions,
} from './options/transaction-options';
import type { DatabaseOptions } from './options/types';
import { resolveOptions, type ResolvedOptions } from './options/resolve-options';
import { wholeMilliseconds, type ServiceSettings } from './options/service-settings';
import type { Session } from './storage/session';
import { OwnerScope } from './tenancy/owner-scope';
import type { OwnerScopeOptions } from './tenancy/types';
import { TransactionScope } from './transaction-scope';

/**
 * Returns the validated options of a database service, with their defaults.
 *
 * @internal
 */
export let optionsOf: (service: DatabaseService) => ResolvedOptions;

/**
 * Returns the diagnostics (counters, logger and listeners) of a database service.
 *
 * @internal
 */
export let diagnosticsOf: (service: DatabaseService) => Diagnostics;

/**
 * Database of a directory: agents, certificates and security events. Every error is a `DatabaseError`. Calls before
 * `initialize()` and after `close()` fail with NOT_INITIALIZED. `DatabaseCalls` and `DatabaseAdministration`
 * document the methods.
 *
 * @example
 * ```ts
 * await using db = new DatabaseService({ url: 'file:./directory.sqlite' });
 * await db.initialize();
 * const agents = await db.queryAgents({ capabilities: ['plan'] });
 * ```
 */
export class DatabaseService extends DatabaseOperations implements DatabaseAdministration, AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #settings: ServiceSettings;
  readonly #diagnostics: Diagnostics;
  readonly #session: DatabaseSession;
  readonly #lifecycle: Lifecycle;

  static {
    optionsOf = (service) => service.#options;
    diagnosticsOf = (service) => service.#diagnostics;
  }

  /**
   * Creates a service, and checks the options. Does not open the database.
   *
   * @throws INVALID_OPTIONS when an option is unknown or invalid
   */
  constructor(options: DatabaseOptions = {}) {
    const resolved = resolveOrThrow(options);
    const diagnostics = new Diagnostics(resolved.logger, resolved.onEvent);
    const session = new DatabaseSession(diagnostics, resolved);
    const settings = {
      ...resolved,
      now: wholeMilliseconds(resolved.now),
      checks: new Validator(resolved.limits),
      onFeedRead: (sequence: number) => diagnostics.counters.readFeed(sequence),
    };
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

  initialize(): Promise<void> {
    // Reopening the database inside one of its transactions would be a deadlock: the opening would wait for the
    // closing, the closing for the transaction, and the transaction for the opening.
    const isReopened = !this.#lifecycle.isOpen && this.#session.isInsideTransaction();
    if (isReopened) return this.#refuse('initialize', 'cannot reopen its own database');
    return this.#lifecycle.open();
  }

  close(): Promise<void> {
    // Closing the database inside one of its transactions would be a deadlock: the closing and the transaction would
    // wait for each other.
    if (this.#session.isInsideTransaction()) return this.#refuse('close', 'cannot close its own database');
    return this.#lifecycle.close();
  }

  /** Closes the database: see {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  override forOwner(owner: string, options?: OwnerScopeOptions): OwnerScope {
    return new OwnerScope(this.#session, this.#settings, this.#transact.bind(this), owner, options);
  }

  transaction<T>(work: (tx: TransactionScope) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#transact((session) => new TransactionScope(session, this.#settings), work, options);
  }

  #transact<S, T>(
    toScope: (session: Session) => S,
    work: (scope: S) => T | Promise<T>,
    options: TransactionOptions | undefined,
  ): Promise<T> {
    let parsed: ParsedTransactionOptions;
    try {
      if (typeof work !== 'function') throw invalidInput('work', 'must be a function');
      parsed = parseTransactionOptions(options);
    } catch (error) {
      return perform(this.#diagnostics, 'transaction', () => {
        throw error;
      });
    }
    return this.#session.transaction(async (session) => work(toScope(session)), parsed);
  }

  migrateDatabase(): Promise<string[]> {
    return this.#session.migrate();
  }

  check(options?: CheckOptions): Promise<CheckReport> {
    return this.#session.onDatabase('check', async (database) => {
      const findings = new Findings(options);
      await trySequencePending(database.createExecutor());
      await database.checkIntegrity(findings);
      const report = findings.toReport();
      for (const warning of report.warnings) this.#diagnostics.warned(warning);
      return report;
    });
  }

  maintain(options: MaintenanceOptions): Promise<MaintenanceReport> {
    return this.#session.write('maintain', (executor, database) =>
      maintainDatabase(executor, database, parseMaintenance(options), this.#settings.now),
    );
  }

  backup(path: string, options?: BackupOptions): Promise<void> {
    // Resolves the path of the copy now, because the working directory may change before the copy begins.
    return this.#session.onDatabase('backup', (database) => database.backUp(parseBackup(path, options)));
  }

  health(options?: HealthOptions): Promise<DatabaseHealth> {
    return this.#session.onDatabase('health', ({ healthProbe }) => {
      const reportError = (error: unknown): void => this.#diagnostics.internalError('health', error);
      return probeHealth(healthProbe, this.#session.state.breaker, parseHealthOptions(options), reportError);
    });
  }

  stats(): DatabaseStats {
    return toStats(this.#diagnostics.counters, this.#session.state);
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
