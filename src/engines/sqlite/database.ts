import { Failure, notInitialized } from '../../errors/failure';
import type { Row, Statement } from '../../sql/statement';
import { shouldYield, yieldToEventLoop } from '../../runtime/event-loop';
import { whileBusy } from './busy';
import { runAtExit } from './at-exit';
import { FileGuard, filesNotInPlace } from './file-guard';
import { assertIndexMapped } from './open-files';
import { assertWholeLog } from './whole-log';
import { ReaderThreads } from './reader-threads';
import { rollbackAfter, rolledBackByStorage, transactionControl, type SqliteTransaction } from './transaction';
import { SqliteConnection, type SqliteSettings } from './connection';
import { Mutex } from '../../runtime/mutex';

const { begin, commit, rollback } = transactionControl;

/**
 * One SQLite file with one connection that writes and one that reads. Writers acquire a mutex one at a time and take
 * the write lock before their first statement. So a statement can never run inside another caller's transaction, and no
 * transaction fails halfway because the lock is missing. Readers see the committed state and never wait (WAL).
 */
export class SqliteDatabase {
  readonly #settings: SqliteSettings;
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection;
  readonly #guard: FileGuard | undefined;
  readonly #gate = new Mutex();
  /** True when the open log was copied into its file after the files were found not to be in place. */
  #isLogSaved = false;
  readonly #threads: ReaderThreads;
  readonly #cancelAtExit: () => void;

  private constructor(
    settings: SqliteSettings,
    writer: SqliteConnection,
    reader: SqliteConnection,
    guard: FileGuard | undefined,
  ) {
    this.#settings = settings;
    this.#writer = writer;
    this.#reader = reader;
    this.#guard = guard;
    this.#threads = new ReaderThreads(settings);
    // At exit the driver closes open connections in any order, and does not check the files.
    this.#cancelAtExit = runAtExit(() => this.giveUp());
  }

  /** @param isShared - true when others may use the file, so that it has to be the one at the path. */
  static async open(settings: SqliteSettings, isShared = true): Promise<SqliteDatabase> {
    const writer = await SqliteConnection.openWriter(settings);
    let reader: SqliteConnection | undefined;
    try {
      // The first who reads makes the log.
      await whileBusy(settings.busyTimeoutMs, () => writer.dataVersion());
      const { files } = writer;
      await assertWholeLog(writer.driver, settings.busyTimeoutMs);
      assertIndexMapped(files.path);
      const guard = isShared ? new FileGuard(settings.path, files) : undefined;
      const resolved = { ...settings, path: files.path };
      reader = SqliteConnection.openReader(resolved);
      // Else the two connections may be to two files.
      if (guard?.isInPlace() === false) throw filesNotInPlace();
      return new SqliteDatabase(resolved, writer, reader, guard);
    } catch (error) {
      // The writer first: nothing may be copied into the file when another log is beside it.
      writer.close();
      reader?.close();
      throw error;
    }
  }

  /** Returns the settings, with symbolic links in the path resolved. */
  get settings(): SqliteSettings {
    return this.#settings;
  }

  /** Lends the reading connection to `work`, which must be synchronous and leave no transaction open. */
  async withReader<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    if (shouldYield()) await yieldToEventLoop();
    this.assertInPlace();
    return whileBusy(this.#settings.busyTimeoutMs, () => {
      try {
        return work(this.#reader);
      } finally {
        // A transaction that a caller's own SQL has begun would hold its snapshot for all callers.
        if (this.#reader.driver.inTransaction) this.#reader.run(rollback);
      }
    });
  }

  /** Runs a statement that only reads committed data. Uses a thread when it might block the event loop for long. */
  async query(statement: Statement): Promise<readonly Row[]> {
    const run = (reader: SqliteConnection): readonly Row[] => reader.run(statement).rows;
    const answer = await this.withReader((reader) =>
      this.#threads.isFor(statement, reader) ? undefined : run(reader),
    );
    if (answer !== undefined) return answer;
    const rows = await this.#threads.query(statement);
    // A thread may have opened another file than this.
    this.assertInPlace();
    return rows ?? this.withReader(run);
  }

  /** Lends the writing connection to `work`, inside a transaction of its own. */
  async write<T>(work: (connection: SqliteConnection) => T | Promise<T>): Promise<T> {
    const transaction = await this.begin();
    let result: T;
    try {
      result = await work(transaction.connection);
    } catch (error) {
      throw rollbackAfter(error, transaction);
    }
    transaction.commit();
    return result;
  }

  /** Lends the writing connection to `work`, a synchronous one, without a transaction. */
  withWriter<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    return this.whileNobodyWrites(async () => {
      const result = await whileBusy(this.#settings.busyTimeoutMs, () => {
        this.#assertInPlaceNow();
        return work(this.#writer);
      });
      if (this.#writer.driver.inTransaction) throw new Failure('INTERNAL', 'a transaction was left open');
      return result;
    });
  }

  /** Waits for its turn and for other processes, then holds the write lock until the transaction is ended. */
  async begin(): Promise<SqliteTransaction> {
    await this.#gate.acquire();
    try {
      if (shouldYield()) await yieldToEventLoop();
      await whileBusy(this.#settings.busyTimeoutMs, () => {
        this.assertInPlace();
        this.#writer.run(begin);
        this.#isLogSaved = false;
      });
    } catch (error) {
      this.#leaveGate();
      throw error;
    }
    let isOver = false;
    const assertOpen = (): void => {
      // The connection may be in another caller's transaction by now.
      if (isOver) throw new Failure('CONFLICT', 'the transaction has ended', { retryable: false });
      // Without this, statements after the storage's own rollback would be committed one by one.
      if (!this.#writer.driver.inTransaction) throw this.#endedByOthers();
      // A large transaction writes to the log before its commit.
      this.assertInPlace();
    };
    const end = (command: Statement): void => {
      // A second end would end the transaction of the next caller.
      if (isOver) throw new Failure('INTERNAL', 'the transaction was ended twice');
      isOver = true;
      this.#end(command);
    };
    return {
      connection: this.#writer,
      waiters: this.#gate,
      assertOpen,
      commit: () => end(commit),
      rollback: () => end(rollback),
    };
  }

  /** Runs `work` while no other call of this database writes. */
  async whileNobodyWrites<T>(work: () => Promise<T>): Promise<T> {
    await this.#gate.acquire();
    try {
      return await work();
    } finally {
      this.#leaveGate();
    }
  }

  /** Returns the time since the present writer acquired the lock, in milliseconds; 0 when there is none. */
  writerHeldMs(): number {
    return this.#gate.heldMs();
  }

  /**
   * Returns a number that changes when any other connection has committed. It belongs to the connection that writes:
   * its own commits do not count, and while one of its transactions is open no other connection can commit.
   */
  dataVersion(): number {
    this.assertInPlace();
    return this.#writer.dataVersion();
  }

  /** To be called after the schema changed. */
  forgetStatements(): void {
    this.#reader.forgetStatements();
    this.#writer.forgetStatements();
  }

  /** @throws UNAVAILABLE when a comparison at most ten milliseconds ago found a file of the database not in place. */
  assertInPlace(): void {
    if (this.#guard?.isInPlace() === false) this.#failOutOfPlace();
  }

  /** Closes both connections. Nothing may be in flight. */
  close(): void {
    this.#cancelAtExit();
    const state = this.#guard?.compare();
    if (state === 'unsafe') {
      // The writer first: the last connection would copy the log into the file if it can write, and remove the log.
      this.#writer.close();
      this.#reader.close();
      return;
    }
    this.#emptyLogIfDetached();
    // The writer last: it removes the write-ahead log when no other connection has the file open.
    this.#reader.close();
    this.#writer.close();
  }

  /** Rolls back open transactions and closes both connections. Waiting and running calls fail. */
  giveUp(): void {
    try {
      // There is no need to wait for the end of a thread that only reads.
      void this.#threads.close();
      if (this.#writer.driver.inTransaction) this.#writer.run(rollback);
    } finally {
      this.close();
      this.#gate.cancel();
    }
  }

  /** Ends the reader threads. Call it before {@link close}, so that the writer's connection is the last one. */
  closeThreads(): Promise<void> {
    return this.#threads.close();
  }

  /** Returns why a transaction is no longer open although this code has not ended it. */
  #endedByOthers(): Failure {
    if (!this.#reader.driver.open) return notInitialized();
    return this.#guard === undefined || this.#guard.state === 'in-place' ? rolledBackByStorage() : filesNotInPlace();
  }

  #end(command: Statement): void {
    try {
      if (!this.#writer.driver.inTransaction) {
        if (command === commit) throw this.#endedByOthers();
        return;
      }
      // As late as possible: a commit to a file that has no name any more would be acknowledged, and lost.
      if (command === commit) this.#assertInPlaceNow();
      this.#writer.run(command);
    } finally {
      this.#leaveGate();
    }
  }

  #assertInPlaceNow(): void {
    if (this.#guard !== undefined && this.#guard.compare() !== 'in-place') this.#failOutOfPlace();
  }

  #failOutOfPlace(): never {
    // SQLite has removed the log and its index together with the last connection.
    if (!this.#reader.driver.open) throw notInitialized();
    this.#secureChanges();
    throw filesNotInPlace();
  }

  // Immediately: an application that does not handle the error may end without closing.
  #secureChanges(): void {
    if (this.#writer.driver.inTransaction) {
      // When nothing more may be written, the log is saved at the end of the transaction.
      if (this.#guard?.state !== 'detached') return;
      // The transaction cannot be committed any more, and would keep the log from being copied.
      this.#writer.run(rollback);
    }
    // Its entry for the file stays, since the reader's connection continues until the database is closed.
    if (this.#guard?.state === 'unsafe') this.#writer.driver.close();
    else this.#emptyLogIfDetached();
  }

  // Copies the log of a moved file into that file and empties it, which SQLite does not do. Otherwise the next opening of
  // another database at the path would apply the log, and corrupt that database.
  #emptyLogIfDetached(): void {
    // Only once: a process that opens the file now at the path uses the same log.
    if (this.#guard?.state !== 'detached' || this.#isLogSaved) return;
    try {
      // The first column reports whether other connections blocked the checkpoint.
      this.#isLogSaved = this.#writer.driver.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
    } catch {
      // Not even that file is there any more.
    }
  }

  // After any earlier error, the next writer finds no transaction open.
  #leaveGate(): void {
    try {
      if (this.#writer.driver.inTransaction) this.#writer.run(rollback);
      this.#secureChanges();
    } finally {
      this.#gate.release();
    }
  }
}
