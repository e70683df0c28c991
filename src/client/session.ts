import type { CachedRecord, Lookup } from '../cache/lookup';
import { Failure } from '../errors/failure';
import { toDatabaseError, type Operation } from '../errors/operation';
import type { Diagnostics } from '../diagnostics/diagnostics';
import type { Database, DatabaseTransaction, Executor, StatementObserver } from './executor';
import { Gate } from './gate';
import { retry, withRetry } from './retry';
import { isSerializationFailure } from '../errors/postgresql-failure';
import { requiresPrimary, type ReadOptions } from '../options/read-options';
import type { RetryPolicy } from '../options/resolve-options';
import { isInsideTransaction, runInsideTransaction } from './transaction-context';

/** What services run on: a database, or one transaction of it. Whatever fails does so as a `DatabaseError`. */
export interface Session {
  /** Does a piece of work that reads. `options` are the caller's, and not checked yet. */
  read<T>(operation: Operation, options: ReadOptions | undefined, work: (executor: Executor) => Promise<T>): Promise<T>;
  /**
   * Reads the one record that `find`, which checks what the caller gave, looks up: outside a transaction from the cache,
   * where there is one.
   */
  readRecord<T extends CachedRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null>;
  /** Does a piece of work that may write. */
  write<T>(operation: Operation, work: (executor: Executor) => Promise<T>): Promise<T>;
}

/** Counts the work in flight and tells when there is none. */
class Flights {
  #count = 0;
  #landed: (() => void)[] = [];

  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) for (const resolve of this.#landed.splice(0)) resolve();
    }
  }

  allLanded(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#landed.push(resolve));
  }
}

/** The session of a whole database, while it is open. */
export class DatabaseSession implements Session {
  readonly #diagnostics: Diagnostics;
  readonly #retryPolicy: RetryPolicy;
  readonly #flights = new Flights();
  readonly #repetitions = new Gate();
  #database: Database | undefined;

  constructor(diagnostics: Diagnostics, retryPolicy: RetryPolicy) {
    this.#diagnostics = diagnostics;
    this.#retryPolicy = retryPolicy;
  }

  /** Lets work begin. */
  open(database: Database): void {
    this.#database = database;
  }

  /** Lets no more work begin, and waits for what is in flight. The database is the caller's to close. */
  async close(): Promise<Database | undefined> {
    const database = this.#database;
    this.#database = undefined;
    await this.#flights.allLanded();
    return database;
  }

  read<T>(
    operation: Operation,
    options: ReadOptions | undefined,
    work: (executor: Executor) => Promise<T>,
  ): Promise<T> {
    return this.#flights.track(() =>
      perform(this.#diagnostics, operation, () => {
        const mayBeBehind = !requiresPrimary(options);
        return work(this.#executorFor(this.#openDatabase(), operation, mayBeBehind));
      }),
    );
  }

  readRecord<T extends CachedRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null> {
    return this.#flights.track(() =>
      perform(this.#diagnostics, operation, () => {
        const mayBeBehind = !requiresPrimary(options);
        const database = this.#openDatabase();
        const lookup = find();
        if (database.cache === undefined || !mayBeBehind) {
          return lookup.read(this.#executorFor(database, operation, mayBeBehind));
        }
        // What a replica does not know yet would be kept for longer than it may be behind.
        return database.cache.read(lookup, () => lookup.read(this.#executorFor(database, operation, false)));
      }),
    );
  }

  write<T>(operation: Operation, work: (executor: Executor) => Promise<T>): Promise<T> {
    return this.#flights.track(() =>
      perform(this.#diagnostics, operation, () => {
        const executor = this.#executorFor(this.#openDatabase(), operation, false);
        // It would wait for the transaction's lock, and the transaction for it.
        if (this.isInsideTransaction()) throw writeBesideTransaction();
        return work(executor);
      }),
    );
  }

  /**
   * Does `work` in one transaction. What it throws is rethrown unchanged, after nothing of it has happened. Where other
   * transactions got in the way it is done again, alone among those that are.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#flights.track(async () => {
      const { attempts } = this.#retryPolicy;
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (attempts <= 1 || !isSerializationFailure(error)) throw error;
        return this.#repetitions.pass(() =>
          retry(
            { ...this.#retryPolicy, attempts: attempts - 1 },
            (thrown) => (isSerializationFailure(thrown) ? 'CONFLICT' : undefined),
            (code, attempt, delayMs) => this.#diagnostics.retrying('transaction', code, attempt + 1, delayMs),
            () => this.#attempt(work, true),
          ),
        );
      }
    });
  }

  async #attempt<T>(work: (session: Session) => Promise<T>, isRepeated = false): Promise<T> {
    const start = performance.now();
    const transaction = await perform(this.#diagnostics, 'transaction', () => this.#begin(isRepeated));
    const session = new TransactionSession(this.#diagnostics, transaction);
    let result: T;
    try {
      result = await runInsideTransaction(this, () => work(session)).finally(() => session.end());
    } catch (error) {
      // The caller's error is the one to report; a rollback that fails too is told to the diagnostics.
      await perform(this.#diagnostics, 'transaction', () => transaction.rollback()).catch(() => undefined);
      this.#diagnostics.transactionEnded('rollback', performance.now() - start);
      throw error;
    }
    await this.#commit(transaction, start);
    return result;
  }

  async #commit(transaction: DatabaseTransaction, start: number): Promise<void> {
    let outcome: 'commit' | 'rollback' = 'rollback';
    try {
      await perform(this.#diagnostics, 'transaction', () => transaction.commit());
      outcome = 'commit';
    } finally {
      this.#diagnostics.transactionEnded(outcome, performance.now() - start);
    }
  }

  /** Whether the caller is inside the callback of a transaction of this very database. */
  isInsideTransaction(): boolean {
    return isInsideTransaction(this);
  }

  /** Applies the migrations that are pending, and returns their names. */
  migrate(): Promise<string[]> {
    return this.#flights.track(() =>
      perform(this.#diagnostics, 'migrate', async () => {
        const database = this.#openDatabase();
        if (this.isInsideTransaction()) throw writeBesideTransaction();
        const start = performance.now();
        const applied = await database.migrate();
        if (applied.length > 0) this.#diagnostics.migrated(applied, performance.now() - start);
        return applied;
      }),
    );
  }

  /** Does work on the database itself, beside whatever else goes on. */
  onDatabase<T>(operation: Operation, work: (database: Database) => Promise<T>): Promise<T> {
    return this.#flights.track(() => perform(this.#diagnostics, operation, () => work(this.#openDatabase())));
  }

  #begin(isRepeated: boolean): Promise<DatabaseTransaction> {
    const database = this.#openDatabase();
    if (this.isInsideTransaction()) throw writeBesideTransaction();
    return database.begin(isRepeated);
  }

  #openDatabase(): Database {
    if (this.#database === undefined) throw new Failure('NOT_INITIALIZED', 'Database is not initialized');
    return this.#database;
  }

  #executorFor(database: Database, operation: Operation, mayBeBehind: boolean): Executor {
    const executor = database.createExecutor(statementObserver(this.#diagnostics, operation), mayBeBehind);
    if (this.#retryPolicy.attempts <= 1) return executor;
    return withRetry(executor, this.#retryPolicy, (code, attempt, delayMs) =>
      this.#diagnostics.retrying(operation, code, attempt, delayMs),
    );
  }
}

/** The session of one transaction. It is over when the transaction is. */
class TransactionSession implements Session {
  readonly #diagnostics: Diagnostics;
  readonly #transaction: DatabaseTransaction;
  readonly #flights = new Flights();
  #isOver = false;

  constructor(diagnostics: Diagnostics, transaction: DatabaseTransaction) {
    this.#diagnostics = diagnostics;
    this.#transaction = transaction;
  }

  read<T>(
    operation: Operation,
    options: ReadOptions | undefined,
    work: (executor: Executor) => Promise<T>,
  ): Promise<T> {
    return this.#flights.track(() =>
      perform(this.#diagnostics, operation, () => {
        requiresPrimary(options);
        if (this.#isOver) throw new Failure('CONFLICT', 'the transaction is over');
        return work(this.#transaction.createExecutor(statementObserver(this.#diagnostics, operation)));
      }),
    );
  }

  readRecord<T extends CachedRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null> {
    return this.read(operation, options, (executor) => find().read(executor));
  }

  write<T>(operation: Operation, work: (executor: Executor) => Promise<T>): Promise<T> {
    return this.read(operation, undefined, work);
  }

  /** Lets no more calls begin, and waits for those that the caller did not wait for. */
  end(): Promise<void> {
    this.#isOver = true;
    return this.#flights.allLanded();
  }
}

function statementObserver(diagnostics: Diagnostics, operation: Operation): StatementObserver | undefined {
  if (!diagnostics.isObserved) return undefined;
  return ({ sql }, { rows, changes }, durationMs) =>
    diagnostics.emit({ type: 'query', operation, sql, rows: rows.length, changes, durationMs });
}

function writeBesideTransaction(): Failure {
  return new Failure('CONFLICT', 'inside a transaction, write through the transaction, not beside it', {
    retryable: false,
  });
}

/** Runs `work`; what it throws becomes the operation's error, and is told once. */
export async function perform<T>(
  diagnostics: Diagnostics,
  operation: Operation,
  work: () => T | Promise<T>,
): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } catch (error) {
    const databaseError = toDatabaseError(operation, error);
    diagnostics.failed(databaseError, performance.now() - start);
    throw databaseError;
  }
}
