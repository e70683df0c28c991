import type { BackupRequest } from '../options/parse-backup';
import type { TransactionIsolation } from '../options/transaction-options';
import type { Executor, StatementObserver } from './executor';
import type { FindingSink } from './findings';
import type { HealthProbe } from './health-probe';
import type { RecordReader } from './lookup';
import type { NativeAccess } from './native-access';
import type { Snapshot } from './snapshot';
import type { ChangeWriter } from './transaction';

/** Name of a database engine. */
export type EngineName = 'sqlite' | 'postgresql';

/**
 * Open database of one engine. An engine knows how rows are stored: its SQL dialect, connections, transactions, locks,
 * files or servers, and the history of the schema. An engine does not know what the rows mean: services compose the
 * statements. For its own work on records, the engine calls {@link EngineCallbacks}.
 *
 * The methods of an engine may reject with errors of the driver. A decorator converts them into failures.
 */
export interface Engine {
  /** Cache of records; absent when the application has not enabled the cache. */
  readonly cache?: RecordReader;
  /** Returns an executor that runs each operation in a separate transaction. */
  createExecutor(observe?: StatementObserver): Executor;
  /**
   * Returns an executor that reads from a replica if one can answer, and otherwise from `primary`. Absent on an engine
   * without replicas.
   */
  preferReplicas?(primary: Executor, observe?: StatementObserver): Executor;
  /** Begins a transaction that may write. The caller must commit it or roll it back. */
  begin(request: TransactionRequest): Promise<EngineTransaction>;
  /**
   * Applies all pending migrations, or none of them. Returns the names of the applied migrations, in the order of
   * application.
   */
  migrate(): Promise<string[]>;
  /** Checks all stored data on a separate connection. Other calls continue meanwhile. */
  checkIntegrity(findings: FindingSink): Promise<void>;
  /**
   * Copies all stored data into a new database file.
   *
   * @throws INVALID_OPTIONS on an engine without database files.
   */
  backUp(request: BackupRequest): Promise<void>;
  /**
   * Copies the write-ahead log into the database file, and empties the log. Returns false when another connection
   * prevented this. Does nothing on PostgreSQL, whose server copies its log itself, and returns false.
   */
  checkpoint(): Promise<boolean>;
  /**
   * Merges the search index on SQLite, and updates the statistics for the query planner on PostgreSQL. Returns false
   * when the database role lacks the privilege to analyze one of the tables. Updates the statistics of the other tables
   * even then.
   */
  optimize(): Promise<boolean>;
  /**
   * Returns a number that changes whenever another connection commits. If an earlier number returns, no other connection
   * has committed since it was first returned. Absent on an engine without such a number.
   */
  dataVersion?(): number;
  /**
   * Returns the size of the write-ahead log in bytes; 0 when the file of the log does not exist. Absent on an engine
   * whose server manages the log.
   */
  readonly logBytes?: (() => number) | undefined;
  /** Runs the application's own SQL. */
  readonly native: NativeAccess;
  /** Health probe of the engine. */
  readonly healthProbe: HealthProbe;
  /** Closes all connections. Call this method when no other call is in flight. */
  close(): Promise<void>;
  /**
   * Terminates all connections, even with calls in flight and while {@link close} is running. Open transactions are
   * rolled back, and running calls fail.
   */
  terminate(): Promise<void>;
}

/**
 * Functions that work on records. An engine receives the functions when it is opened, because it must not import the
 * code of the records.
 */
export interface EngineCallbacks {
  /** Returns the statements that write the given entries to the change feed. */
  readonly writeChanges: ChangeWriter;
  /**
   * Computes and stores missing values that SQL cannot compute, such as hashes. The engine calls this function after a
   * migration. Changes nothing when no value is missing.
   */
  readonly backfill: (executor: Executor) => Promise<void>;
  /**
   * Appends the pending entries of security events to the event chain.
   *
   * @param patienceMs - time in milliseconds to wait while another transaction has locked the chain.
   * @returns false when the chain stayed locked for `patienceMs`.
   */
  readonly sequenceEvents: (executor: Executor, patienceMs: number) => Promise<boolean>;
  /** Checks all records of a snapshot, as a part of {@link Engine.checkIntegrity}. */
  readonly checkRecords: (snapshot: Snapshot, findings: FindingSink) => Promise<void>;
}

/** Settings of a new transaction. */
export interface TransactionRequest {
  readonly isolation: TransactionIsolation;
  /**
   * True when an earlier attempt at the same work failed because of a conflict with another transaction. The engine may
   * then make other transactions wait, so that the new attempt does not conflict again.
   */
  readonly isRepeated: boolean;
}

/** Open transaction of one engine. */
export interface EngineTransaction {
  readonly waiters: TransactionWaiters;
  /** Pool connection that the transaction holds; undefined on an engine without a pool. */
  readonly hold?: ConnectionHold | undefined;
  /** Runs the application's own SQL inside the transaction. */
  readonly native: NativeAccess;
  /** Returns an executor whose statements are part of the transaction. */
  createExecutor(observe?: StatementObserver): Executor;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Calls of this process that wait for a transaction to end. */
export interface TransactionWaiters {
  /** Returns the longest time for which a waiting call has waited so far, in milliseconds; 0 when no call waits. */
  longestWaitMs(): number | Promise<number>;
  /**
   * Calls `listener` at once if a call is already waiting, and later whenever another call begins to wait. Absent on an
   * engine that does not report waiting calls.
   */
  onWait?(listener: () => void): void;
}

/** Pool connection that a transaction holds until its end. */
export interface ConnectionHold {
  readonly pool: object;
  isReleased: boolean;
}
