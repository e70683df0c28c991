import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { BackupRequest } from '../../options/parse-backup';
import { feedCounterMessages } from '../../changes/feed-counter-messages';
import type { Findings } from '../../integrity/findings';
import type { PrismaClient } from '../../generated/prisma/client';
import type { Statement } from '../../sql/statement';
import type {
  Engine,
  EngineTransaction,
  Executor,
  StatementObserver,
  TransactionWaiters,
  HealthProbe,
} from '../../storage/executor';
import { PrismaClientLoader } from '../../runtime/prisma-client-loader';
import type { MemoryDirectory } from './memory-directory';
import { createSqliteAdapterFactory, createSqliteTransactionAdapterFactory } from './prisma-adapter';
import type { SqliteSettings } from './connection';
import { SqliteDatabase } from './database';
import type { SqliteTransaction } from './transaction';
import { Mutex } from '../../runtime/mutex';
import { runInTurns, insertChangeEntries } from '../../runtime/run-work';
import { sqliteDialect } from './dialect';
import { createSqliteExecutor, createSqliteTransactionExecutor, type SqliteTransactionState } from './executor';
import { isFeedCounterBehind } from './feed-counter';
import { SqliteMigrator } from './migrator';

// It has to look into the file, as `SELECT 1` has not.
const pingStatement: Statement = { sql: 'SELECT 1 FROM sqlite_schema LIMIT 1', args: [] };

/** A SQLite database as services see it. */
export class SqliteEngine implements Engine {
  readonly migrator: SqliteMigrator;
  readonly #settings: SqliteSettings;
  readonly healthProbe: HealthProbe;
  readonly #database: SqliteDatabase;
  readonly #memory: MemoryDirectory | undefined;
  readonly #prisma: PrismaClientLoader;

  private constructor(settings: SqliteSettings, database: SqliteDatabase, memory: MemoryDirectory | undefined) {
    this.migrator = new SqliteMigrator(settings, database);
    this.#settings = settings;
    this.#database = database;
    this.#memory = memory;
    this.#prisma = new PrismaClientLoader(() => loadPrismaClient(createSqliteAdapterFactory(database)));
    this.healthProbe = {
      engine: 'sqlite',
      ping: () =>
        database.withReader((connection) => {
          const start = performance.now();
          connection.run(pingStatement);
          return performance.now() - start;
        }),
      pendingMigrations: () => this.migrator.pending(),
      warnings: () =>
        database.withReader(({ driver }) => (isFeedCounterBehind(driver) ? [feedCounterMessages.behind] : [])),
      replicas: () => Promise.resolve([]),
      pool: () => undefined,
      writerHeldMs: () => database.writerHeldMs(),
      // It waits for nothing but a lock, and for that not for ever.
      abort: () => undefined,
    };
  }

  /** @param memory - where the file lies when it is to go with the database. */
  static async open(settings: SqliteSettings, memory?: MemoryDirectory): Promise<SqliteEngine> {
    const database = await SqliteDatabase.open(settings, memory === undefined);
    return new SqliteEngine(database.settings, database, memory);
  }

  createExecutor(observe?: StatementObserver): Executor {
    return createSqliteExecutor(this.#database, this.#prisma, observe);
  }

  /** The file was opened, and its settings asserted: there is nothing else that it may lack. */
  check(): Promise<void> {
    return Promise.resolve();
  }

  async begin(): Promise<EngineTransaction> {
    return new SqliteTransactionHandle(await this.#database.begin());
  }

  dataVersion(): number {
    return this.#database.dataVersion();
  }

  migrate(): Promise<string[]> {
    return this.migrator.apply();
  }

  async backUp(request: BackupRequest): Promise<void> {
    const { backUpSqlite } = await import('./backup.js');
    await backUpSqlite(this.#settings, request, () => this.#database.assertInPlace());
  }

  // Loaded by those who use it.
  async checkIntegrity(findings: Findings): Promise<void> {
    this.#database.assertInPlace();
    const { checkSqliteIntegrity: examineSqlite } = await import('./integrity.js');
    await examineSqlite(this.#settings, findings);
    // The check opened the file by its path.
    this.#database.assertInPlace();
  }

  async close(): Promise<void> {
    await this.#prisma.dispose();
    await this.#database.closeThreads();
    this.#database.close();
    this.#memory?.remove();
  }

  terminate(): Promise<void> {
    try {
      this.#database.giveUp();
    } finally {
      this.#memory?.remove();
      this.#prisma.giveUp();
    }
    return Promise.resolve();
  }
}

class SqliteTransactionHandle implements EngineTransaction {
  readonly #state: SqliteTransactionState;

  constructor(transaction: SqliteTransaction) {
    const load = () => loadPrismaClient(createSqliteTransactionAdapterFactory(transaction));
    this.#state = { transaction, prisma: new PrismaClientLoader(load), notes: [], turns: new Mutex() };
  }

  get waiters(): TransactionWaiters {
    return this.#state.transaction.waiters;
  }

  createExecutor(observe?: StatementObserver): Executor {
    return createSqliteTransactionExecutor(this.#state, observe);
  }

  async commit(): Promise<void> {
    await this.#writeNotes();
    await this.#end(() => this.#state.transaction.commit());
  }

  rollback(): Promise<void> {
    return this.#end(() => this.#state.transaction.rollback());
  }

  async #writeNotes(): Promise<void> {
    const { transaction, notes } = this.#state;
    try {
      await runInTurns(insertChangeEntries(sqliteDialect, notes), (statement) => {
        transaction.assertOpen();
        return transaction.connection.run(statement);
      });
    } catch (error) {
      await this.#end(() => transaction.rollback());
      throw error;
    }
  }

  // Releases the lock first: no other call has to wait for the end of Prisma Client's transaction.
  async #end(endTransaction: () => void): Promise<void> {
    try {
      endTransaction();
    } finally {
      await this.#state.prisma.dispose();
    }
  }
}

async function loadPrismaClient(adapter: SqlDriverAdapterFactory): Promise<PrismaClient> {
  const { PrismaClient } = await import('../../generated/prisma/client.js');
  return new PrismaClient({ adapter, errorFormat: 'minimal' });
}
