import { notInitialized, type Failure } from '../../errors/failure';
import { whileBusy } from './busy';
import { emptyLargeLog } from './checkpoint-thread';
import { SqliteConnection, type SqliteSettings } from './connection';
import { FileGuard, filesNotInPlace } from './file-guard';
import { assertIndexMapped } from './open-files';
import { rolledBackByStorage, transactionControl } from './transaction';
import { assertWholeLog } from './whole-log';

/**
 * The writing and the reading connection of one file, with a guard that checks whether the path still leads to this
 * file. If it does not, the committed changes are saved if that is safe, and every further call fails.
 */
export class GuardedConnections {
  readonly writer: SqliteConnection;
  readonly reader: SqliteConnection;
  /** Path that SQLite uses, with symbolic links resolved. */
  readonly path: string;
  /** Guard of the files; undefined when no other process can use the files. */
  readonly guard: FileGuard | undefined;
  /** True when the log was copied into its database file after the files were no longer in place. */
  #isLogSaved = false;

  private constructor(writer: SqliteConnection, reader: SqliteConnection, path: string, guard: FileGuard | undefined) {
    this.writer = writer;
    this.reader = reader;
    this.path = path;
    this.guard = guard;
  }

  /**
   * Opens the connections.
   *
   * @param isShared - true when other processes can use the file. Then its path must keep leading to it.
   */
  static async open(settings: SqliteSettings, isShared: boolean): Promise<GuardedConnections> {
    const prepare = isShared ? () => emptyLargeLog(settings.path, settings.driver) : undefined;
    const writer = await SqliteConnection.openWriter(settings, prepare);
    let reader: SqliteConnection | undefined;
    try {
      // Runs a first read, which creates the write-ahead log.
      await whileBusy(settings.busyTimeoutMs, () => writer.dataVersion());
      const { files } = writer;
      await assertWholeLog(writer.driver, settings.busyTimeoutMs);
      assertIndexMapped(files.path);
      const guard = isShared ? new FileGuard(settings.path, files) : undefined;
      reader = SqliteConnection.openReader({ ...settings, path: files.path });
      // The two connections must have opened the same file.
      if (guard?.isInPlace() === false) throw filesNotInPlace();
      return new GuardedConnections(writer, reader, files.path, guard);
    } catch (error) {
      // Closes the reader last. The last connection to close copies the log into the file if it can write, which is
      // unsafe when the files are not in place. The reader cannot write.
      writer.close();
      reader?.close();
      throw error;
    }
  }

  /**
   * Checks that all files of the database are in place. A change of the last ten milliseconds may be missed.
   *
   * @throws UNAVAILABLE when a file of the database is not in place
   */
  assertInPlace(): void {
    if (this.guard?.isInPlace() === false) this.#failOutOfPlace();
  }

  /**
   * Compares the files of the database now.
   *
   * @throws UNAVAILABLE when a file of the database is not in place.
   */
  assertInPlaceNow(): void {
    if (this.guard !== undefined && this.guard.compare() !== 'in-place') this.#failOutOfPlace();
  }

  /** Begins a transaction that may write. */
  beginWrite(): void {
    this.assertInPlace();
    this.writer.run(transactionControl.begin);
    this.#isLogSaved = false;
  }

  /**
   * Rolls back a transaction that is still open. If the files are not in place, copies the log into its database file.
   * If this copy could destroy changes of others, closes the writing connection instead.
   */
  finishWrite(): void {
    if (this.writer.driver.inTransaction) this.writer.run(transactionControl.rollback);
    this.#secureChanges();
  }

  /** Returns the failure of a transaction that was ended, but not by its caller. */
  endedByOthers(): Failure {
    if (!this.reader.driver.open) return notInitialized();
    return this.guard === undefined || this.guard.state === 'in-place' ? rolledBackByStorage() : filesNotInPlace();
  }

  /** Closes both connections. Call it when no call is in flight. */
  close(): void {
    const state = this.guard?.compare();
    if (state === 'unsafe') {
      // Closes the reader last. The last connection to close copies the log into the file and removes the log, unless
      // it cannot write.
      this.writer.close();
      this.reader.close();
      return;
    }
    this.#emptyLogIfDetached();
    // Closes the writer last, so that it removes the write-ahead log if no other connection has the file open.
    this.reader.close();
    this.writer.close();
  }

  #failOutOfPlace(): never {
    // After close(), the -wal and -shm files do not exist any more. So a closed database must be recognized first.
    if (!this.reader.driver.open) throw notInitialized();
    this.#secureChanges();
    throw filesNotInPlace();
  }

  // Saves the changes before the error is thrown, because an application that does not handle the error may end without
  // calling close().
  #secureChanges(): void {
    if (this.writer.driver.inTransaction) {
      // In the state `unsafe`, nothing may be written. finishWrite() closes the connection when the transaction has
      // ended.
      if (this.guard?.state !== 'detached') return;
      // The transaction cannot be committed any more, and would prevent the copy of the log.
      this.writer.run(transactionControl.rollback);
    }
    // Closes only the driver's connection. The file stays registered, because the reading connection is still open.
    if (this.guard?.state === 'unsafe') this.writer.driver.close();
    else this.#emptyLogIfDetached();
  }

  // Copies the log of a moved file into that file and empties the log. SQLite itself does not do so. Otherwise the next
  // database that is opened at the path would apply the log, and would be corrupt.
  #emptyLogIfDetached(): void {
    // The log is saved only once, because a process that opened the new file at the path may use the same log
    // afterwards.
    if (this.guard?.state !== 'detached' || this.#isLogSaved) return;
    try {
      // The first column of the result is 0 when no other connection has blocked the checkpoint.
      this.#isLogSaved = this.writer.driver.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
    } catch {
      // If the log cannot be copied, it stays. Each later call, and close(), tries again to copy it.
    }
  }
}
