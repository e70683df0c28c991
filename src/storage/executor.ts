import type { BackupRequest } from '../options/parse-backup';
import type { RecordCache } from '../cache/record-cache';
import type { Findings } from '../integrity/findings';
import type { PoolHealth, ReplicaHealth } from '../health/types';
import type { TransactionIsolation } from '../options/transaction-options';
import type { Dialect } from '../sql/dialect';
import type { Row, Statement, StatementResult } from '../sql/statement';
import type { ChangeEntry, Transaction } from './transaction';
import type { ConnectionHold } from '../runtime/transaction-context';

/**
 * Runs statements on one database, or inside one transaction of it. Services are written once, against this; they do not
 * know which engine they run on, or whether a transaction is open.
 */
export interface Executor {
  readonly dialect: Dialect;
  /**
   * Runs one read-only statement, and returns its rows. Outside a transaction it sees the committed state, as one
   * snapshot; inside, also the transaction's own changes.
   */
  query(statement: Statement): Promise<readonly Row[]>;
  /**
   * Runs `work` atomically: when it throws, all of its statements are rolled back. Inside a transaction, that transaction
   * continues. `work` may run again after a transient failure.
   *
   * @param beforeCommit - called with the change entries of `work` when its last statements are about to be sent; called
   * again for each repetition.
   */
  withTransaction<T>(
    work: (tx: Transaction) => T | Promise<T>,
    beforeCommit?: (changes: readonly ChangeEntry[]) => void,
  ): Promise<T>;
}

/** Called after each statement of an executor. */
export type StatementObserver = (statement: Statement, result: StatementResult, durationMs: number) => void;

/** Settings of a new transaction. */
export interface TransactionRequest {
  readonly isolation: TransactionIsolation;
  /** True when earlier attempts failed because of other transactions, so that this one may make others wait. */
  readonly isRepeated: boolean;
}

/** A database that is open, whichever engine it is of. */
export interface Engine {
  /** Cache of the records that were read; absent when caching is off. */
  readonly cache?: RecordCache;
  /** An executor whose statements each stand for themselves. Costs next to nothing to make. */
  createExecutor(observe?: StatementObserver): Executor;
  /**
   * An executor whose reads replicas answer where they can, and `primary` where they cannot. Absent where the engine has
   * no replicas.
   */
  preferReplicas?(primary: Executor, observe?: StatementObserver): Executor;
  /** Begins a transaction that may write. The caller has to commit it or roll it back. */
  begin(request: TransactionRequest): Promise<EngineTransaction>;
  /** Applies the migrations that are pending, all or none; returns their names. */
  migrate(): Promise<string[]>;
  /** Checks all stored data, while other work continues, on a connection of its own. */
  checkIntegrity(findings: Findings): Promise<void>;
  /** Copies everything that is stored into a new file, where the engine has such files. */
  backUp(request: BackupRequest): Promise<void>;
  /** Returns a number that changes when another connection has committed. Absent when the engine has none. */
  dataVersion?(): number;
  /** Health probe of the engine. */
  readonly healthProbe: HealthProbe;
  /** Closes all connections. No call may be in flight. */
  close(): Promise<void>;
  /**
   * Terminates all connections, even with calls in flight and while {@link close} is running: open transactions are
   * rolled back, and running calls fail.
   */
  terminate(): Promise<void>;
}

/** Health probe of an engine. Uses a connection of its own, so that it neither waits for other work nor delays it. */
export interface HealthProbe {
  readonly engine: 'sqlite' | 'postgresql';
  /** Asks the database the smallest of questions; how long the answer took once there was a connection. */
  ping(): Promise<number>;
  /** The names of the migrations that it lacks. */
  pendingMigrations(): Promise<readonly string[]>;
  /** Returns the faults of a database that answers and whose schema is up to date, in words that contain no value. */
  warnings(): Promise<readonly string[]>;
  /** The replicas, once they were asked. Does not fail. */
  replicas(): Promise<readonly ReplicaHealth[]>;
  /** The connections at the moment; undefined where there is no pool. */
  pool(): PoolHealth | undefined;
  /**
   * Returns the time since the single writer was acquired, in milliseconds. Absent where several writers may run at
   * once.
   */
  writerHeldMs?(): number;
  /** Aborts the running queries. */
  abort(): void;
}

/** Calls of this process that wait for a transaction to end. */
export interface TransactionWaiters {
  /** Returns the longest time that a call has waited, in milliseconds; 0 when no call waits. */
  longestWaitMs(): number | Promise<number>;
  /**
   * Calls `listener` when a call already waits, and whenever a call begins to wait. Absent when the engine reports no
   * waits.
   */
  onWait?(listener: () => void): void;
}

/** A transaction that is open. */
export interface EngineTransaction {
  readonly waiters: TransactionWaiters;
  /** Pool connection that the transaction holds; undefined without a pool. */
  readonly hold?: ConnectionHold | undefined;
  /** An executor whose statements are part of the transaction. */
  createExecutor(observe?: StatementObserver): Executor;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
