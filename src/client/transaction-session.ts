import type { CachedRecord, Lookup } from '../cache/lookup';
import type { Diagnostics } from '../diagnostics/diagnostics';
import { Failure, notInitialized } from '../errors/failure';
import type { Operation } from '../errors/operation';
import { requiresPrimary, type ReadOptions } from '../options/read-options';
import type { DatabaseTransaction, Executor } from './executor';
import { Flights } from './flights';
import { perform, statementObserver } from './perform';
import type { Session } from './session';
import { runInsideTransaction } from './transaction-context';

/** The session of one transaction. It is over when the transaction is. */
export class TransactionSession implements Session {
  readonly isTransaction = true;
  readonly #diagnostics: Diagnostics;
  readonly #transaction: DatabaseTransaction;
  /** What the transaction is part of. */
  readonly #outer: Flights;
  readonly #flights = new Flights();
  #isOver = false;

  constructor(diagnostics: Diagnostics, outer: Flights, transaction: DatabaseTransaction) {
    this.#diagnostics = diagnostics;
    this.#outer = outer;
    this.#transaction = transaction;
  }

  read<T>(
    operation: Operation,
    options: ReadOptions | undefined,
    work: (executor: Executor) => Promise<T>,
  ): Promise<T> {
    const run = (): Promise<T> => {
      requiresPrimary(options);
      if (this.#outer.isCutOff) throw notInitialized();
      if (this.#isOver) throw new Failure('CONFLICT', 'the transaction is over');
      return work(this.#transaction.createExecutor(statementObserver(this.#diagnostics, operation)));
    };
    return perform(this.#diagnostics, operation, run, this.#flights);
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

/** One attempt at a transaction, or several one after the other. */
export class TransactionAttempt<T> {
  readonly #diagnostics: Diagnostics;
  readonly #outer: Flights;
  readonly #work: (session: Session) => Promise<T>;
  /** Whether it is the caller's work that has failed. */
  hasCallerFailed = false;

  /** @param outer - what it is part of. */
  constructor(diagnostics: Diagnostics, outer: Flights, work: (session: Session) => Promise<T>) {
    this.#diagnostics = diagnostics;
    this.#outer = outer;
    this.#work = work;
  }

  /** Does the work in `transaction`, which has just begun, and ends it. */
  async run(database: object, transaction: DatabaseTransaction): Promise<T> {
    const start = performance.now();
    let outcome: 'commit' | 'rollback' = 'rollback';
    try {
      const result = await this.#workIn(database, transaction);
      if (this.#outer.isCutOff) {
        await transaction.rollback().catch(() => undefined);
        throw notInitialized();
      }
      await transaction.commit();
      outcome = 'commit';
      return result;
    } finally {
      this.#diagnostics.transactionEnded(outcome, performance.now() - start);
    }
  }

  async #workIn(database: object, transaction: DatabaseTransaction): Promise<T> {
    const session = new TransactionSession(this.#diagnostics, this.#outer, transaction);
    try {
      return await runInsideTransaction(database, () => this.#work(session)).finally(() => session.end());
    } catch (error) {
      // The caller's error is the one to report; a rollback that fails too is told to the diagnostics.
      await perform(this.#diagnostics, 'transaction', () => transaction.rollback()).catch(() => undefined);
      this.hasCallerFailed = true;
      throw error;
    }
  }
}
