import { Failure } from '../../errors/failure';
import type { Row, Statement } from '../../sql/statement';
import { shouldYield, yieldToEventLoop } from '../../runtime/event-loop';
import { whileBusy } from './busy';
import { runAtExit } from './at-exit';
import { defaultCheckpointSettings } from './checkpoint-settings';
import { DataVersion } from './data-version';
import { Checkpoints } from './checkpoints';
import { GuardedConnections } from './guarded-connections';
import { ReaderThreads } from './reader-threads';
import { rollbackAfter, transactionControl, type SqliteTransaction } from './transaction';
import type { SqliteConnection, SqliteSettings } from './connection';
import { Mutex } from '../../runtime/mutex';

const { commit, rollback } = transactionControl;

/**
 * SQLite file with one connection that writes and one that reads. Each writer first acquires a mutex and the write
 * lock. So a statement never runs inside another caller's transaction, and another process cannot make a transaction
 * fail halfway. Readers see the committed state, and do not wait for writers (WAL mode).
 */
export class SqliteDatabase {
  readonly #settings: SqliteSettings;
  readonly #connections: GuardedConnections;
  readonly #mutex = new Mutex();
  readonly #threads: ReaderThreads;
  readonly #version: DataVersion;
  /** Runs the checkpoints in a thread. Undefined when SQLite itself runs the checkpoints. */
  readonly checkpoints: Checkpoints | undefined;
  readonly #cancelAtExit: () => void;

  private constructor(settings: SqliteSettings, connections: GuardedConnections) {
    this.#settings = settings;
    this.#connections = connections;
    this.#threads = new ReaderThreads(settings);
    const { writer, guard } = connections;
    const { path, driver } = settings;
    this.#version = new DataVersion(() => writer.dataVersion());
    const target = guard && { path, driver, writer, guard, version: this.#version, mutex: this.#mutex };
    this.checkpoints = target && new Checkpoints(target, settings.checkpoints ?? defaultCheckpointSettings);
    // Closes the connections at exit. The driver would close them in any order, and without checking the files.
    this.#cancelAtExit = runAtExit(() => this.terminate());
  }

  /**
   * Opens a database.
   *
   * @param isShared - true when other processes can use the file. Then calls fail when the path leads to another file.
   */
  static async open(settings: SqliteSettings, isShared = true): Promise<SqliteDatabase> {
    const connections = await GuardedConnections.open(settings, isShared);
    return new SqliteDatabase({ ...settings, path: connections.path }, connections);
  }

  /** Settings of the database, with symbolic links in the path resolved. */
  get settings(): SqliteSettings {
    return this.#settings;
  }

  /**
   * Runs `work`, which must be synchronous, with the reading connection. Rolls back a transaction that `work` leaves
   * open.
   */
  async withReader<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    if (shouldYield()) await yieldToEventLoop();
    this.assertInPlace();
    const { reader } = this.#connections;
    return whileBusy(this.#settings.busyTimeoutMs, () => {
      try {
        return work(reader);
      } finally {
        // Rolls back a transaction that the application's own SQL has begun. Otherwise, later reads would see its old
        // snapshot.
        if (reader.driver.inTransaction) reader.run(rollback);
      }
    });
  }

  /**
   * Runs a statement that only reads committed data. Uses a thread if the statement might block the event loop for
   * long.
   */
  async query(statement: Statement): Promise<readonly Row[]> {
    const run = (reader: SqliteConnection): readonly Row[] => reader.run(statement).rows;
    const answer = await this.withReader((reader) =>
      this.#threads.isFor(statement, reader) ? undefined : run(reader),
    );
    if (answer !== undefined) return answer;
    const rows = await this.#threads.query(statement);
    // The result of the thread is valid only if the path of the database still leads to the same file.
    this.assertInPlace();
    return rows ?? this.withReader(run);
  }

  /** Runs `work` with the writing connection, in a separate transaction. */
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

  /** Runs `work`, which must be synchronous, with the writing connection and without a transaction. */
  withWriter<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    return this.whileNobodyWrites(async () => {
      const { writer } = this.#connections;
      const result = await whileBusy(this.#settings.busyTimeoutMs, () => {
        this.#connections.assertInPlaceNow();
        return work(writer);
      });
      if (writer.driver.inTransaction) throw new Failure('INTERNAL', 'a transaction was left open');
      return result;
    });
  }

  /**
   * Begins a transaction. Waits for the mutex and for other processes. The transaction holds the write lock until its
   * end.
   */
  async begin(): Promise<SqliteTransaction> {
    await this.#mutex.acquire();
    try {
      if (shouldYield()) await yieldToEventLoop();
      await whileBusy(this.#settings.busyTimeoutMs, () => {
        this.#connections.beginWrite();
      });
    } catch (error) {
      this.#mutex.release();
      throw error;
    }
    const { writer } = this.#connections;
    let isOver = false;
    const assertOpen = (): void => {
      // After the end of this transaction, the connection may be in a transaction of another caller.
      if (isOver) throw new Failure('CONFLICT', 'the transaction has ended', { retryable: false });
      // SQLite may have rolled back the transaction itself. Then each further statement would be committed at once.
      if (!writer.driver.inTransaction) throw this.#connections.endedByOthers();
      // Checks the files before each statement: a large transaction writes to the write-ahead log before its commit.
      this.assertInPlace();
    };
    const end = (command: Statement): void => {
      // A second call of `commit` or `rollback` would end a transaction of another caller.
      if (isOver) throw new Failure('INTERNAL', 'the transaction was ended twice');
      isOver = true;
      this.#end(command);
    };
    return {
      connection: writer,
      waiters: this.#mutex,
      assertOpen,
      commit: () => end(commit),
      rollback: () => end(rollback),
    };
  }

  /** Runs `work` while no other call of this database writes. */
  async whileNobodyWrites<T>(work: () => Promise<T>): Promise<T> {
    await this.#mutex.acquire();
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /** Returns the time for which the current writer has held the mutex, in milliseconds; 0 when there is no writer. */
  writerHeldMs(): number {
    return this.#mutex.heldMs();
  }

  /** Returns the data version: it changes when another connection commits, but not when the writing one commits. */
  dataVersion(): number {
    this.assertInPlace();
    return this.#version.current();
  }

  /** Discards all prepared statements. Call this method after a change of the schema. */
  forgetStatements(): void {
    this.#connections.reader.forgetStatements();
    this.#connections.writer.forgetStatements();
  }

  /**
   * Checks that the paths of the database still lead to the open files. May miss a change of the last ten milliseconds.
   *
   * @throws UNAVAILABLE when a file was moved, replaced or deleted
   */
  assertInPlace(): void {
    this.#connections.assertInPlace();
  }

  /** Closes both connections. Call this method when no call is in flight. */
  close(): void {
    this.#cancelAtExit();
    this.#connections.close();
  }

  /** Rolls back open transactions, and closes the reader and the writer connection. Waiting and running calls fail. */
  terminate(): void {
    const { writer } = this.#connections;
    try {
      // Does not wait for the threads. They only read, or copy the write-ahead log, so they may end later.
      void this.#threads.close();
      this.checkpoints?.terminate();
      if (writer.driver.inTransaction) writer.run(rollback);
    } finally {
      this.close();
      this.#mutex.cancel();
    }
  }

  /** Ends all threads. Call this method before {@link close}, because the writing connection must close last. */
  async closeThreads(): Promise<void> {
    await this.#threads.close();
    await this.checkpoints?.close();
  }

  #end(command: Statement): void {
    const { writer } = this.#connections;
    try {
      if (!writer.driver.inTransaction) {
        if (command === commit) throw this.#connections.endedByOthers();
        return;
      }
      // Checks the files immediately before the commit. A commit to a deleted file would succeed, but its changes would
      // be lost.
      if (command === commit) this.#connections.assertInPlaceNow();
      writer.run(command);
    } finally {
      this.#release();
    }
  }

  // Releases the mutex, after the checkpoint if the next writer must wait for a checkpoint.
  #release(): void {
    let pause: Promise<unknown> | undefined;
    try {
      this.#connections.finishWrite();
      pause = this.checkpoints?.afterWrite();
    } finally {
      if (pause === undefined) this.#mutex.release();
      else void pause.then(() => this.#mutex.release());
    }
  }
}
