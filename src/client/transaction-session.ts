import type { CachedRecord, Lookup } from '../cache/lookup';
import type { Diagnostics } from '../diagnostics/diagnostics';
import { Failure, notInitialized } from '../errors/failure';
import type { Operation } from '../errors/operation';
import { requiresPrimary, type ReadOptions } from '../options/read-options';
import type { DatabaseTransaction, Executor, TransactionWaiters } from './executor';
import { TimedFlights, type Flights } from './flights';
import { idleForTooLong, IdleLimit } from './idle-limit';
import type { DatabaseErrorCode } from '../errors/database-error';
import { isReadOnlyServer, isSerializationFailure } from '../errors/postgresql-failure';
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
  readonly #flights = new TimedFlights();
  #isOver = false;
  #isRepeatable = false;
  /** Why it is over, where it did not just end. */
  #interruption: Failure | undefined;

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
      if (this.#isOver) throw this.#interruption ?? new Failure('CONFLICT', 'the transaction is over');
      const done = work(this.#transaction.createExecutor(statementObserver(this.#diagnostics, operation)));
      return done.catch((error: unknown) => this.#noteFailure(error));
    };
    return perform(this.#diagnostics, operation, run, this.#flights);
  }

  #noteFailure(error: unknown): never {
    this.#isRepeatable ||= repeatableCode(error) !== undefined;
    throw error;
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

  /** Whether a call of it has failed so that the whole may be done again: because of another transaction, say. */
  get isRepeatable(): boolean {
    return this.#isRepeatable;
  }

  /** Returns for how long no call has been under way, in milliseconds. */
  idleMs(): number {
    return this.#flights.idleMs();
  }

  /** Lets no more calls begin, and waits for those that the caller did not wait for. */
  end(interruption?: Failure): Promise<void> {
    this.#isOver = true;
    this.#interruption ??= interruption;
    return this.#flights.allLanded();
  }
}

/** How a callback ended, or why it was not waited for any longer. */
type Outcome<T> = { readonly result: T } | { readonly thrown: unknown } | { readonly interruption: Failure };

/** What the attempts at a transaction share. */
export interface AttemptSettings {
  readonly diagnostics: Diagnostics;
  /** What the transaction is part of. */
  readonly outer: Flights;
  /** How long it may send nothing while others wait for it, in milliseconds; 0: for ever. */
  readonly idleTimeoutMs: number;
}

/** One attempt at a transaction, or several one after the other. */
export class TransactionAttempt<T> {
  readonly #settings: AttemptSettings;
  readonly #work: (session: Session) => Promise<T>;
  /** Whether it is the caller's work that has failed. */
  hasCallerFailed = false;
  /** Whether a call of the last attempt has failed so that the whole may be done again. */
  #isRepeatable = false;

  constructor(settings: AttemptSettings, work: (session: Session) => Promise<T>) {
    this.#settings = settings;
    this.#work = work;
  }

  /**
   * Returns the code of a failure after which the transaction may be done again, else undefined. What the callback throws may
   * be a conflict of another database, of which this one knows nothing.
   */
  repeatableCode(error: unknown): DatabaseErrorCode | undefined {
    return this.hasCallerFailed && !this.#isRepeatable ? undefined : repeatableCode(error);
  }

  /**
   * Does the work in `transaction`, which has just begun, and ends it.
   *
   * @param waiters - the calls that wait for it.
   */
  async run(database: object, transaction: DatabaseTransaction, waiters: TransactionWaiters): Promise<T> {
    const { diagnostics, outer } = this.#settings;
    const start = performance.now();
    let end: 'commit' | 'rollback' = 'rollback';
    try {
      const session = new TransactionSession(diagnostics, outer, transaction);
      const outcome = await this.#outcomeOf(database, transaction, session, waiters);
      if (!('result' in outcome)) {
        // The caller's error is the one to report; a rollback that fails too is told to the diagnostics.
        await perform(diagnostics, 'transaction', () => transaction.rollback()).catch(() => undefined);
        if ('interruption' in outcome) throw outcome.interruption;
        this.hasCallerFailed = true;
        this.#isRepeatable = session.isRepeatable;
        throw outcome.thrown;
      }
      if (outer.isCutOff) {
        await transaction.rollback().catch(() => undefined);
        throw notInitialized();
      }
      await transaction.commit();
      end = 'commit';
      return outcome.result;
    } finally {
      diagnostics.transactionEnded(end, performance.now() - start);
    }
  }

  /** Waits for the callback; not any longer once the transaction is idle for too long, or the database was given up. */
  #outcomeOf(
    database: object,
    { hold }: DatabaseTransaction,
    session: TransactionSession,
    waiters: TransactionWaiters,
  ): Promise<Outcome<T>> {
    const { outer, idleTimeoutMs } = this.#settings;
    return new Promise((resolve) => {
      const interrupt = (interruption: Failure): void => {
        // The callback goes on: whatever it calls must not run in another's transaction, or in none.
        void session.end(interruption);
        settle({ interruption });
      };
      const settle = (outcome: Outcome<T>): void => {
        limit.stop();
        ignoreCutOff();
        resolve(outcome);
      };
      const ignoreCutOff = outer.onCutOff(() => interrupt(notInitialized()));
      const limit = new IdleLimit(
        idleTimeoutMs,
        () => session.idleMs(),
        waiters,
        () => interrupt(idleForTooLong()),
      );
      runInsideTransaction(database, hold, () => this.#work(session))
        .finally(() => session.end())
        .then(
          (result) => settle({ result }),
          (thrown: unknown) => settle({ thrown }),
        );
    });
  }
}

/** The code of a failure after which a whole transaction is done again, as nothing of it has happened. */
function repeatableCode(error: unknown): DatabaseErrorCode | undefined {
  if (isSerializationFailure(error)) return 'CONFLICT';
  return isReadOnlyServer(error) ? 'READ_ONLY' : undefined;
}
