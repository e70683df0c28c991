import type { Lookup, StoredRecord } from '../storage/lookup';
import type { Call } from '../diagnostics/call';
import type { Diagnostics } from '../diagnostics/diagnostics';
import { classifyError } from '../errors/classify-error';
import { Failure, notInitialized } from '../errors/failure';
import type { Operation } from '../errors/operation';
import { requiresPrimary, type ReadOptions } from '../options/read-options';
import type { EngineName, EngineTransaction, TransactionWaiters } from '../storage/engine';
import type { Executor, StatementObserver } from '../storage/executor';
import { TimedInFlightCalls, type InFlightCalls } from './in-flight-calls';
import { idleForTooLong, IdleLimit } from './idle-limit';
import type { DatabaseErrorCode } from '../errors/database-error';
import { observeControl } from './observe-control';
import { perform, reportFailure, statementObserver } from './perform';
import type { NativeAccess } from '../storage/native-access';
import type { Session } from '../storage/session';
import { runInsideTransaction } from './transaction-context';

/** Session of one `db.transaction`: runs the calls inside it. */
export class TransactionSession implements Session {
  readonly isTransaction = true;
  readonly engine: EngineName;
  readonly #diagnostics: Diagnostics;
  readonly #transaction: EngineTransaction;
  /** In-flight calls of the database. The transaction itself is one of these calls. */
  readonly #outer: InFlightCalls;
  readonly #inFlight = new TimedInFlightCalls();
  #isOver = false;
  #isRepeatable = false;
  /** Failure that has ended the transaction early; undefined while the transaction is open, and after a normal end. */
  #interruption: Failure | undefined;

  constructor(diagnostics: Diagnostics, outer: InFlightCalls, transaction: EngineTransaction, engine: EngineName) {
    this.engine = engine;
    this.#diagnostics = diagnostics;
    this.#outer = outer;
    this.#transaction = transaction;
  }

  read<T>(
    operation: Operation,
    options: ReadOptions | undefined,
    work: (executor: Executor) => Promise<T>,
  ): Promise<T> {
    const run = (call: Call | undefined): Promise<T> => {
      requiresPrimary(options);
      this.#assertOpen();
      const done = work(this.#transaction.createExecutor(statementObserver(call)));
      return done.catch((error: unknown) => this.#markRepeatable(error));
    };
    return perform(this.#diagnostics, operation, run, this.#inFlight);
  }

  #markRepeatable(error: unknown): never {
    this.#isRepeatable ||= this.repeatableCode(error) !== undefined;
    throw error;
  }

  readRecord<T extends StoredRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null> {
    return this.read(operation, options, (executor) => find().read(executor));
  }

  write<T>(operation: Operation, work: (executor: Executor) => Promise<T>): Promise<T> {
    return this.read(operation, undefined, work);
  }

  async withNative<T>(work: (native: NativeAccess) => Promise<T>): Promise<T> {
    this.#inFlight.begin();
    try {
      this.#assertOpen();
      return await work(this.#transaction.native);
    } catch (error) {
      return this.#markRepeatable(error);
    } finally {
      this.#inFlight.end();
    }
  }

  /** Returns the code of an error after which the whole transaction can be repeated; undefined for any other error. */
  repeatableCode(error: unknown): DatabaseErrorCode | undefined {
    return repeatableCode(this.#transaction.native.classify(error));
  }

  #assertOpen(): void {
    if (this.#outer.isAborted) throw notInitialized();
    if (this.#isOver) throw this.#interruption ?? new Failure('CONFLICT', 'the transaction has ended');
  }

  /**
   * True when a call of the transaction has failed with an error after which the whole transaction can be repeated. An
   * example is a conflict with another transaction.
   */
  get isRepeatable(): boolean {
    return this.#isRepeatable;
  }

  /** Returns the time in milliseconds since the last call of the transaction ended; 0 while a call is running. */
  idleMs(): number {
    return this.#inFlight.idleMs();
  }

  /**
   * Rejects new calls of the transaction. Waits for running calls, which the callback may have started without awaiting
   * them.
   */
  end(interruption?: Failure): Promise<void> {
    this.#isOver = true;
    this.#interruption ??= interruption;
    return this.#inFlight.settled();
  }
}

/**
 * End of a transaction's callback: its result, the error that it threw, or the failure that stopped the wait for it.
 */
type Outcome<T> = { readonly result: T } | { readonly thrown: unknown } | { readonly interruption: Failure };

/** Settings that all attempts of a transaction share. */
export interface TransactionCallSettings {
  readonly engine: EngineName;
  readonly diagnostics: Diagnostics;
  /** In-flight calls of the database. The transaction itself is one of these calls. */
  readonly outer: InFlightCalls;
  /**
   * Maximum time in milliseconds without a statement while another call waits for the transaction; 0 means no limit.
   */
  readonly idleTimeoutMs: number;
  /** Function that reports the COMMIT or ROLLBACK; undefined when there is no listener. */
  readonly observe: StatementObserver | undefined;
}

/** One call of `db.transaction`, with all its attempts. */
export class TransactionCall<T> {
  readonly #settings: TransactionCallSettings;
  readonly #work: (session: Session) => Promise<T>;
  /** True when the transaction's callback has thrown an error in the last attempt. */
  hasCallerFailed = false;
  /** Number of attempts of the transaction so far. */
  count = 0;
  isCommitted = false;
  /** Session of the last attempt of the transaction whose callback has thrown an error. */
  #failed: TransactionSession | undefined;

  constructor(settings: TransactionCallSettings, work: (session: Session) => Promise<T>) {
    this.#settings = settings;
    this.#work = work;
  }

  /**
   * Returns the code of a failure after which the transaction can be repeated; undefined for any other failure. An
   * error that the callback has thrown may come from another database. Such an error permits a repetition only if a
   * call of this transaction has failed with such a failure, too.
   */
  repeatableCode(error: unknown): DatabaseErrorCode | undefined {
    if (!this.hasCallerFailed) return repeatableCode(classifyError(error));
    return this.#failed?.isRepeatable === true ? this.#failed.repeatableCode(error) : undefined;
  }

  /**
   * Runs the callback in `transaction`, which has just begun, and then commits the transaction or rolls it back.
   *
   * @param waiters - calls that wait for the transaction.
   */
  async run(database: object, transaction: EngineTransaction, waiters: TransactionWaiters): Promise<T> {
    const { diagnostics, outer, engine, observe } = this.#settings;
    this.count += 1;
    const session = new TransactionSession(diagnostics, outer, transaction, engine);
    const outcome = await this.#outcomeOf(database, transaction, session, waiters);
    if (!('result' in outcome)) {
      await this.#rollBack(transaction);
      if ('interruption' in outcome) throw outcome.interruption;
      this.hasCallerFailed = true;
      this.#failed = session;
      throw outcome.thrown;
    }
    if (outer.isAborted) {
      await transaction.rollback().catch(() => undefined);
      throw notInitialized();
    }
    await observeControl(observe, 'COMMIT', () => transaction.commit());
    this.isCommitted = true;
    return outcome.result;
  }

  // Rolls back a transaction. Only reports an error of the rollback, because the caller gets the error that made the
  // rollback necessary.
  async #rollBack(transaction: EngineTransaction): Promise<void> {
    const { diagnostics, observe } = this.#settings;
    const start = performance.now();
    try {
      await observeControl(observe, 'ROLLBACK', () => transaction.rollback());
    } catch (error) {
      reportFailure(diagnostics, 'transaction', error, start);
    }
  }

  /**
   * Runs the callback of a transaction, and waits for it. Stops the wait when the transaction is idle for too long or
   * the database is terminated.
   */
  #outcomeOf(
    database: object,
    { hold }: EngineTransaction,
    session: TransactionSession,
    waiters: TransactionWaiters,
  ): Promise<Outcome<T>> {
    const { outer, idleTimeoutMs } = this.#settings;
    return new Promise((resolve) => {
      const interrupt = (interruption: Failure): void => {
        // The callback continues to run. Its later calls must fail instead of running outside the transaction.
        void session.end(interruption);
        settle({ interruption });
      };
      const settle = (outcome: Outcome<T>): void => {
        limit.stop();
        stopListening();
        resolve(outcome);
      };
      const stopListening = outer.onAbort(() => interrupt(notInitialized()));
      const limit = new IdleLimit(
        idleTimeoutMs,
        () => session.idleMs(),
        waiters,
        () => interrupt(idleForTooLong()),
      );
      runInsideTransaction(database, session, hold, () => this.#work(session))
        .finally(() => session.end())
        .then(
          (result) => settle({ result }),
          (thrown: unknown) => settle({ thrown }),
        );
    });
  }
}

/**
 * Returns the code of a failure that has changed nothing, so that the whole transaction can be repeated; undefined for
 * any other failure.
 */
function repeatableCode({ code, isSerializationConflict, isReadOnlyServer }: Failure): DatabaseErrorCode | undefined {
  return isSerializationConflict || isReadOnlyServer ? code : undefined;
}
