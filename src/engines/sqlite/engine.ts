import { statSync } from 'node:fs';
import type { BackupRequest } from '../../options/parse-backup';
import type { Migrator } from '../../migrations/migrator';
import type { Statement } from '../../sql/statement';
import type { Engine, EngineCallbacks, EngineTransaction, TransactionWaiters } from '../../storage/engine';
import type { Executor, StatementObserver } from '../../storage/executor';
import { feedCounterMessages } from '../../storage/feed-counter-messages';
import type { FindingSink } from '../../storage/findings';
import type { HealthProbe } from '../../storage/health-probe';
import type { MemoryDirectory } from './memory-directory';
import type { SqliteSettings } from './connection';
import { SqliteDatabase } from './database';
import { SqliteNativeAccess } from './native-access';
import { WriteGuard } from './write-guard';
import { Mutex } from '../../runtime/mutex';
import type { ChangeWriter } from '../../storage/transaction';
import { createSqliteHandle } from './transaction-handle';
import { sqliteDialect } from './dialect';
import { createSqliteExecutor, createSqliteTransactionExecutor, type SqliteTransactionState } from './executor';
import { isFeedCounterBehind } from './feed-counter';
import { mergeSearchIndex } from './merge-search-index';
import { createSqliteMigrator } from './migrations/migrator';

// Reads the database file, unlike `SELECT 1`, so that the probe finds a damaged or missing file.
const pingStatement: Statement = { sql: 'SELECT 1 FROM sqlite_schema LIMIT 1', args: [] };

/** SQLite database: connections, migrations, backup and probes. */
export class SqliteEngine implements Engine {
  readonly migrator: Migrator;
  readonly #settings: SqliteSettings;
  readonly healthProbe: HealthProbe;
  readonly native: SqliteNativeAccess;
  readonly #guard = new WriteGuard();
  readonly #database: SqliteDatabase;
  readonly #memory: MemoryDirectory | undefined;
  readonly #callbacks: EngineCallbacks;

  private constructor(
    settings: SqliteSettings,
    database: SqliteDatabase,
    callbacks: EngineCallbacks,
    memory: MemoryDirectory | undefined,
  ) {
    this.migrator = createSqliteMigrator(settings, database, () => callbacks.backfill(this.createExecutor()));
    this.#settings = settings;
    this.#database = database;
    this.#memory = memory;
    this.#callbacks = callbacks;
    this.native = new SqliteNativeAccess(database, this.#guard);
    this.healthProbe = {
      engine: 'sqlite',
      ping: () =>
        database.withReader((connection) => {
          const start = performance.now();
          connection.run(pingStatement);
          return performance.now() - start;
        }),
      migrations: () => this.migrator.inspect(),
      warnings: () =>
        database.withReader(({ driver }) => [
          ...(isFeedCounterBehind(driver) ? [feedCounterMessages.behind] : []),
          ...(database.checkpoints?.warnings ?? []),
        ]),
      replicas: () => Promise.resolve([]),
      pool: () => undefined,
      writerHeldMs: () => database.writerHeldMs(),
      // Does nothing: a probe waits only for locks, for at most `busyTimeoutMs`.
      abort: () => undefined,
    };
  }

  /**
   * Opens the database.
   *
   * @param memory - directory of a database in memory. It is removed when the database is closed.
   */
  static async open(
    settings: SqliteSettings,
    callbacks: EngineCallbacks,
    memory?: MemoryDirectory,
  ): Promise<SqliteEngine> {
    const database = await SqliteDatabase.open(settings, memory === undefined);
    return new SqliteEngine(database.settings, database, callbacks, memory);
  }

  createExecutor(observe?: StatementObserver): Executor {
    return createSqliteExecutor(this.#database, this.#callbacks.writeChanges, observe);
  }

  /** Does nothing, because opening the file has already checked the database. */
  check(): Promise<void> {
    return Promise.resolve();
  }

  async begin(): Promise<EngineTransaction> {
    const state = { transaction: await this.#database.begin(), changes: [], mutex: new Mutex() };
    const native = new SqliteNativeAccess(this.#database, this.#guard, state);
    return new OpenSqliteTransaction(state, native, this.#callbacks.writeChanges);
  }

  dataVersion(): number {
    return this.#database.dataVersion();
  }

  logBytes(): number {
    return statSync(`${this.#settings.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  migrate(): Promise<string[]> {
    return this.migrator.apply();
  }

  async backUp(request: BackupRequest): Promise<void> {
    const { backUpSqlite } = await import('./backup.js');
    await backUpSqlite(this.#settings, request, () => this.#database.assertInPlace());
  }

  async checkpoint(): Promise<boolean> {
    this.#database.assertInPlace();
    return (await this.#database.checkpoints?.checkpoint()) ?? false;
  }

  // Does not run PRAGMA optimize, which collects statistics about the average owner, certificate or capability. With
  // such statistics, SQLite would scan all agents for a rare one. The queries of this package count their candidates
  // themselves.
  async optimize(): Promise<boolean> {
    await mergeSearchIndex(this.#database);
    return true;
  }

  // Loads the module lazily, because most processes never check the integrity.
  async checkIntegrity(findings: FindingSink): Promise<void> {
    this.#database.assertInPlace();
    const { checkSqliteIntegrity } = await import('./integrity/check-integrity.js');
    await checkSqliteIntegrity(this.#settings, findings, this.#callbacks.checkRecords);
    // The check has opened the file by its path. The result is valid only if the path still leads to the same file.
    this.#database.assertInPlace();
  }

  async close(): Promise<void> {
    await this.#database.closeThreads();
    this.#database.close();
    this.#memory?.remove();
  }

  terminate(): Promise<void> {
    try {
      this.#database.terminate();
    } finally {
      this.#memory?.remove();
    }
    return Promise.resolve();
  }
}

class OpenSqliteTransaction implements EngineTransaction {
  readonly native: SqliteNativeAccess;
  readonly #state: SqliteTransactionState;
  readonly #writeChanges: ChangeWriter;

  constructor(state: SqliteTransactionState, native: SqliteNativeAccess, writeChanges: ChangeWriter) {
    this.native = native;
    this.#state = state;
    this.#writeChanges = writeChanges;
  }

  get waiters(): TransactionWaiters {
    return this.#state.transaction.waiters;
  }

  createExecutor(observe?: StatementObserver): Executor {
    return createSqliteTransactionExecutor(this.#state, observe);
  }

  async commit(): Promise<void> {
    const { transaction, changes } = this.#state;
    try {
      const tx = createSqliteHandle((statement) => {
        transaction.assertOpen();
        return transaction.connection.run(statement);
      });
      await tx.executeAll(this.#writeChanges(sqliteDialect, changes));
    } catch (error) {
      transaction.rollback();
      throw error;
    }
    transaction.commit();
  }

  rollback(): Promise<void> {
    return new Promise((resolve) => {
      this.#state.transaction.rollback();
      resolve();
    });
  }
}
