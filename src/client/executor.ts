import type { BackupRequest } from '../backup/parse-backup';
import type { RecordCache } from '../cache/record-cache';
import type { Findings } from '../check/findings';
import type { PoolHealth, ReplicaHealth } from '../diagnostics/health';
import type { Prisma } from '../generated/prisma/client';
import type { TransactionIsolation } from '../options/transaction-options';
import type { Dialect } from '../sql/dialect';
import type { ChangeNote, Row, Statement, StatementResult, Work } from '../sql/statement';
import type { ConnectionHold } from './transaction-context';

/**
 * Runs statements on one database, or inside one transaction of it. Services are written once, against this; they do not
 * know which engine they run on, or whether a transaction is open.
 */
export interface Executor {
  readonly dialect: Dialect;
  /**
   * Runs one statement that only reads, and returns its rows. Outside a transaction it sees what is committed, as one
   * snapshot; inside, the transaction's own changes too.
   */
  query(statement: Statement): Promise<readonly Row[]>;
  /**
   * Runs the statements that `work` yields: all of them or none. When it throws, none of them happened. Inside a
   * transaction, that transaction goes on. `work` may be called again after a transient failure.
   */
  atomic<T>(work: () => Work<T>): Promise<T>;
  /**
   * Lends Prisma Client to `work`, for what is not hot: a call through it costs several statements of the others. All of
   * it is one transaction, as that of `atomic` is.
   */
  prisma<T>(work: PrismaWork<T>): Promise<T>;
}

/** What is done through Prisma Client; `note` takes the changes that the feed is to tell of. */
export type PrismaWork<T> = (client: Prisma.TransactionClient, note: (note: ChangeNote) => void) => Promise<T>;

/** Told of each statement that an executor ran. */
export type StatementObserver = (statement: Statement, result: StatementResult, durationMs: number) => void;

/** How a transaction is to be. */
export interface TransactionRequest {
  readonly isolation: TransactionIsolation;
  /** Whether others have got in the way of it before, so that it may make them wait. */
  readonly isRepeated: boolean;
  /** Whether it is not tried again, so that it may make everybody wait who could get in its way. */
  readonly isLastAttempt: boolean;
}

/** A database that is open, whichever engine it is of. */
export interface Database {
  /** Where records are kept that were read, if they are. */
  readonly cache?: RecordCache;
  /** An executor whose statements each stand for themselves. Costs next to nothing to make. */
  createExecutor(observe?: StatementObserver): Executor;
  /**
   * An executor whose reads replicas answer where they can, and `primary` where they cannot. Absent where the engine has
   * no replicas.
   */
  preferReplicas?(primary: Executor, observe?: StatementObserver): Executor;
  /** Begins a transaction that may write; it has to be committed or rolled back. */
  begin(request: TransactionRequest): Promise<DatabaseTransaction>;
  /** Applies the migrations that are pending, all or none; returns their names. */
  migrate(): Promise<string[]>;
  /** Looks at everything that is stored, beside whatever else goes on, on a connection of its own. */
  examine(findings: Findings): Promise<void>;
  /** Copies everything that is stored into a new file, where the engine has such files. */
  backUp(request: BackupRequest): Promise<void>;
  /** A number that is another one once anybody else has committed. Absent where the engine has none. */
  dataVersion?(): number;
  /** What there is to ask for its health. */
  readonly vitals: Vitals;
  /** Gives up all connections. Nothing may be in flight. */
  close(): Promise<void>;
  /**
   * Gives up all connections whatever is in flight, also when {@link close} has not come to its end: what is open is rolled
   * back, and what goes on fails.
   */
  giveUp(): Promise<void>;
}

/** How an engine tells how it is: by a way of its own, so that others' work stands in nobody's way. */
export interface Vitals {
  readonly engine: 'sqlite' | 'postgresql';
  /** Asks the database the smallest of questions; how long the answer took once there was a connection. */
  ping(): Promise<number>;
  /** The names of the migrations that it lacks. */
  pendingMigrations(): Promise<readonly string[]>;
  /** What is wrong with the database although it answers, in words that hold no value. The schema is up to date. */
  warnings(): Promise<readonly string[]>;
  /** The replicas, once they were asked. Does not fail. */
  replicas(): Promise<readonly ReplicaHealth[]>;
  /** The connections at the moment; undefined where there is no pool. */
  pool(): PoolHealth | undefined;
  /** Returns how long the one writer has been held, in milliseconds. Absent where writers do not exclude each other. */
  writerHeldMs?(): number;
  /** Ends what is still being asked. */
  hangUp(): void;
}

/** The calls of this process that wait for a transaction to end. */
export interface TransactionWaiters {
  /** Returns how long the one that has waited longest has waited, in milliseconds; 0 where none waits. */
  longestWaitMs(): number | Promise<number>;
  /** Calls `listener` when a call waits already and whenever one begins to wait. Absent where nothing reports it. */
  onWait?(listener: () => void): void;
}

/** A transaction that is open. */
export interface DatabaseTransaction {
  readonly waiters: TransactionWaiters;
  /** The connection that it holds, where that is one of a pool. */
  readonly hold?: ConnectionHold | undefined;
  /** An executor whose statements are part of the transaction. */
  createExecutor(observe?: StatementObserver): Executor;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
