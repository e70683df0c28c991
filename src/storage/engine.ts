import type { BackupRequest } from '../options/parse-backup';
import type { TransactionIsolation } from '../options/transaction-options';
import type { Executor, StatementObserver } from './executor';
import type { FindingSink } from './findings';
import type { HealthProbe } from './health-probe';
import type { RecordReader } from './lookup';
import type { NativeAccess } from './native-access';

/** Name of an engine. */
export type EngineName = 'sqlite' | 'postgresql';

/** A database that is open, whichever engine it is of. */
export interface Engine {
  /** Cache of the records that were read; absent when caching is off. */
  readonly cache?: RecordReader;
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
  checkIntegrity(findings: FindingSink): Promise<void>;
  /** Copies everything that is stored into a new file, where the engine has such files. */
  backUp(request: BackupRequest): Promise<void>;
  /** Returns a number that changes when another connection has committed. Absent when the engine has none. */
  dataVersion?(): number;
  /** Runs SQL of the application. */
  readonly native: NativeAccess;
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

/** Settings of a new transaction. */
export interface TransactionRequest {
  readonly isolation: TransactionIsolation;
  /** True when earlier attempts failed because of other transactions, so that this one may make others wait. */
  readonly isRepeated: boolean;
}

/** A transaction that is open. */
export interface EngineTransaction {
  readonly waiters: TransactionWaiters;
  /** Pool connection that the transaction holds; undefined without a pool. */
  readonly hold?: ConnectionHold | undefined;
  /** Runs SQL of the application inside the transaction. */
  readonly native: NativeAccess;
  /** An executor whose statements are part of the transaction. */
  createExecutor(observe?: StatementObserver): Executor;
  commit(): Promise<void>;
  rollback(): Promise<void>;
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

/** Pool connection that a transaction holds until its end. */
export interface ConnectionHold {
  readonly pool: object;
  isReleased: boolean;
}
