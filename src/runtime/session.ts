import type { NativeAccess } from '../storage/native-access';
import type { Session } from '../storage/session';
import type { Lookup, StoredRecord } from '../storage/lookup';
import type { Call } from '../diagnostics/call';
import type { Diagnostics } from '../diagnostics/diagnostics';
import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import { Failure, notInitialized } from '../errors/failure';
import type { Operation } from '../errors/operation';
import { requiresPrimary, type ReadOptions } from '../options/read-options';
import type { ParsedTransactionOptions } from '../options/transaction-options';
import type { RetryPolicy } from '../options/resolve-options';
import { CircuitBreaker } from './circuit-breaker';
import type { Engine, EngineName, EngineTransaction, TransactionRequest } from '../storage/engine';
import type { Executor } from '../storage/executor';
import { GuardedExecutors } from './guarded-executors';
import { endsWithin, InFlightCalls } from './in-flight-calls';
import { Mutex } from './mutex';
import { withWaitersOf } from './idle-limit';
import { observeControl, reportTransaction } from './observe-control';
import { failed, perform, statementObserver } from './perform';
import { hasTime, retry, transientCode } from './retry';
import { enclosingTransaction, isInsideTransaction } from './transaction-context';
import { writeBesideTransaction, type SessionSettings, type SessionState } from './session-settings';
import { TransactionCall } from './transaction-session';

/** Minimum time in milliseconds that `close` waits until the connections are closed. */
const minDisconnectMs = 1000;

/** Session of an open database: runs its calls and transactions. */
export class DatabaseSession implements Session {
  readonly isTransaction = false;
  readonly engine: EngineName;
  readonly #diagnostics: Diagnostics;
  readonly #policy: RetryPolicy;
  readonly #breaker: CircuitBreaker | undefined;
  readonly #idleTimeoutMs: number;
  #inFlight = new InFlightCalls();
  #repetitions = new Mutex();
  readonly #executors: GuardedExecutors;
  #database: Engine | undefined;

  constructor(diagnostics: Diagnostics, settings: SessionSettings) {
    this.engine = settings.location.kind === 'postgresql' ? 'postgresql' : 'sqlite';
    this.#diagnostics = diagnostics;
    this.#policy = settings.retry;
    this.#idleTimeoutMs = settings.transactionIdleTimeoutMs;
    const { breaker } = settings;
    this.#breaker =
      breaker && new CircuitBreaker(breaker, (state, failures) => diagnostics.breakerChanged(state, failures));
    this.#executors = new GuardedExecutors(diagnostics, settings.retry, this.#breaker);
  }

  /** Connects the session to an open database. From now on, the session accepts calls. */
  open(database: Engine): void {
    this.#breaker?.reset();
    // Calls that an earlier `close` has aborted may never end. They must not delay the next `close`.
    this.#inFlight = new InFlightCalls();
    this.#repetitions = new Mutex();
    this.#database = database;
  }

  /**
   * Rejects new calls, waits at most `timeoutMs` milliseconds for the calls in flight, and closes the connections.
   *
   * @throws TIMEOUT when calls were still in flight after this time; these calls were aborted.
   */
  async close(timeoutMs: number): Promise<void> {
    const [database, inFlight] = [this.#database, this.#inFlight];
    this.#database = undefined;
    if (database === undefined) return;
    const deadline = performance.now() + timeoutMs;
    if (!(await endsWithin(timeoutMs, inFlight.settled()))) {
      const count = inFlight.abort();
      this.#repetitions.cancel();
      await database.terminate();
      const [calls, were] = count === 1 ? ['1 call', 'was'] : [`${count} calls`, 'were'];
      throw new Failure('TIMEOUT', `${calls} ${were} still in flight after closeTimeoutMs, and ${were} aborted`);
    }
    // Limits the wait, because an unresponsive server would make `database.close()` wait forever.
    const graceMs = Math.max(deadline - performance.now(), minDisconnectMs);
    if (!(await endsWithin(graceMs, database.close()))) await database.terminate();
  }

  /** Present state of the database: the engine, the number of calls in flight, and the state of the circuit breaker. */
  get state(): SessionState {
    const breaker = this.#breaker?.state ?? 'off';
    return { engine: this.#database, callsInFlight: this.#inFlight.count, breaker };
  }

  read<T>(
    operation: Operation,
    options: ReadOptions | undefined,
    work: (executor: Executor) => Promise<T>,
  ): Promise<T> {
    return this.#perform(operation, (call) => {
      const mayBeBehind = !requiresPrimary(options);
      return work(this.#executors.create(this.#openDatabase(), operation, call, mayBeBehind));
    });
  }

  readRecord<T extends StoredRecord>(
    operation: Operation,
    options: ReadOptions | undefined,
    find: () => Lookup<T>,
  ): Promise<T | null> {
    return this.#perform(operation, (call) => {
      const mayBeBehind = !requiresPrimary(options);
      const database = this.#openDatabase();
      const lookup = find();
      if (database.cache === undefined || !mayBeBehind) {
        return lookup.read(this.#executors.create(database, operation, call, mayBeBehind));
      }
      // Reads from the primary. A replica's record may lack recent changes, and the cache would keep such a record for
      // longer than `maxReplicaLagMs` permits.
      const onCached = call && (() => (call.isCached = true));
      const load = () => lookup.read(this.#executors.create(database, operation, call, false));
      return database.cache.read(lookup, load, onCached);
    });
  }

  async withNative<T>(work: (native: NativeAccess) => Promise<T>): Promise<T> {
    const transaction = enclosingTransaction(this);
    if (transaction !== undefined) return transaction.withNative(work);
    const inFlight = this.#inFlight;
    inFlight.begin();
    try {
      return await work(this.#openDatabase().native);
    } finally {
      inFlight.end();
    }
  }

  write<T>(operation: Operation, work: (executor: Executor, database: Engine) => Promise<T>): Promise<T> {
    return this.#perform(operation, (call) => {
      const database = this.#openDatabase();
      const executor = this.#executors.create(database, operation, call, false);
      // Otherwise, this write could wait for the transaction whose callback waits for this write.
      if (this.isInsideTransaction()) throw writeBesideTransaction();
      return work(executor, database);
    });
  }

  /**
   * Runs `work` in one transaction. When `work` throws, rolls back and throws the same error. After a conflict with
   * another transaction, runs `work` again. Repeated transactions run one at a time.
   */
  transaction<T>(work: (session: Session) => Promise<T>, options: ParsedTransactionOptions): Promise<T> {
    const call = this.#diagnostics.beginCall('transaction', options.name);
    return call === undefined
      ? this.#transact(work, options, call)
      : call.run(() => this.#transact(work, options, call));
  }

  async #transact<T>(
    work: (session: Session) => Promise<T>,
    { isolation, name }: ParsedTransactionOptions,
    call: Call | undefined,
  ): Promise<T> {
    const startMs = performance.now();
    const inFlight = this.#inFlight;
    const observe = statementObserver(call);
    const [engine, diagnostics, idleTimeoutMs] = [this.engine, this.#diagnostics, this.#idleTimeoutMs];
    const attempts = new TransactionCall({ engine, diagnostics, outer: inFlight, idleTimeoutMs, observe }, work);
    const run = async (isRepeated: boolean): Promise<T> => {
      attempts.hasCallerFailed = false;
      const begin = (): Promise<EngineTransaction> => this.#begin({ isolation, isRepeated }, call, startMs);
      const transaction = await observeControl(observe, 'BEGIN', begin);
      const { waiters } = transaction;
      return attempts.run(this, transaction, isRepeated ? withWaitersOf(this.#repetitions, waiters) : waiters);
    };
    const end = (): void => reportTransaction(diagnostics, attempts, name, performance.now() - startMs);
    inFlight.begin();
    try {
      const result = await this.#repeatOnConflict(run, (error) => attempts.repeatableCode(error), call, startMs);
      end();
      diagnostics.succeeded(call);
      return result;
    } catch (error) {
      end();
      if (!attempts.hasCallerFailed) throw failed(diagnostics, 'transaction', error, startMs, call);
      diagnostics.ended(call, error);
      throw error;
    } finally {
      inFlight.end();
    }
  }

  async #repeatOnConflict<T>(
    run: (isRepeated: boolean) => Promise<T>,
    codeOf: (error: unknown) => DatabaseErrorCode | undefined,
    call: Call | undefined,
    startMs: number,
  ): Promise<T> {
    try {
      return await run(false);
    } catch (error) {
      const policy = this.#policy;
      const code = codeOf(error);
      if (policy.attempts <= 1 || code === undefined) throw error;
      return this.#repetitions.runExclusive(() => {
        // The time budget of the retries may have passed during the wait for the mutex.
        if (!hasTime(policy, startMs, 0)) throw error;
        const observe = this.#executors.retryObserver('transaction', call);
        observe(code, 1, 0);
        return retry({ policy, codeOf, observe }, () => run(true), startMs, 2);
      });
    }
  }

  /** Reports whether the caller is inside the callback of a transaction of this database. */
  isInsideTransaction(): boolean {
    return isInsideTransaction(this);
  }

  /** Applies the pending migrations, and returns the names of the applied migrations. */
  migrate(): Promise<string[]> {
    return this.#perform('migrate', async () => {
      const database = this.#openDatabase();
      if (this.isInsideTransaction()) throw writeBesideTransaction();
      const start = performance.now();
      const applied = await database.migrate();
      if (applied.length > 0) this.#diagnostics.migrated(applied, performance.now() - start);
      return applied;
    });
  }

  /** Runs `work` with the database engine, as a call in flight and without retries. */
  onDatabase<T>(operation: Operation, work: (database: Engine) => Promise<T>): Promise<T> {
    return this.#perform(operation, () => work(this.#openDatabase()));
  }

  #perform<T>(operation: Operation, work: (call: Call | undefined) => T | Promise<T>): Promise<T> {
    return perform(this.#diagnostics, operation, work, this.#inFlight);
  }

  // Begins a transaction. Retries transient failures, because a transaction that could not begin has changed nothing.
  #begin(request: TransactionRequest, call: Call | undefined, startMs: number): Promise<EngineTransaction> {
    const database = this.#openDatabase();
    if (this.isInsideTransaction()) throw writeBesideTransaction();
    // Does not retry after an error of a read-only server, because then the whole transaction is repeated.
    const codeOf = (error: unknown) => (classifyError(error).isReadOnlyServer ? undefined : transientCode(error));
    return retry({ ...this.#executors.rules('transaction', call), codeOf }, () => database.begin(request), startMs);
  }

  #openDatabase(): Engine {
    if (this.#database === undefined) throw notInitialized();
    return this.#database;
  }
}
