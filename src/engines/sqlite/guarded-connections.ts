import { notInitialized, type Failure } from '../../errors/failure';
import { whileBusy } from './busy';
import { emptyLargeLog } from './checkpoint-thread';
import { SqliteConnection, type SqliteSettings } from './connection';
import { FileGuard, filesNotInPlace } from './file-guard';
import { assertIndexMapped } from './open-files';
import { rolledBackByStorage, transactionControl } from './transaction';
import { assertWholeLog } from './whole-log';

/**
 * Writing and reading connection of one SQLite file, with a guard that checks that the path still leads to this file.
 * If the path leads elsewhere, every call fails. The committed changes are saved first, if that is safe.
 */
export class GuardedConnections {
  readonly writer: SqliteConnection;
  readonly reader: SqliteConnection;
  /** Path of the database that SQLite uses, with symbolic links resolved. */
  readonly path: string;
  /** Guard of the database files; undefined when no other process can use the files. */
  readonly guard: FileGuard | undefined;
  /** True when the files were no longer in place, and the write-ahead log was copied into its database file. */
  #isLogSaved = false;

  private constructor(writer: SqliteConnection, reader: SqliteConnection, path: string, guard: FileGuard | undefined) {
    this.writer = writer;
    this.reader = reader;
    this.path = path;
    this.guard = guard;
  }

  /**
   * Opens the writing and the reading connection of a file.
   *
   * @param isShared - true when other processes can use the file. Then calls fail when the path leads to another file.
   */
  static async open(settings: SqliteSettings, isShared: boolean): Promise<GuardedConnections> {
    const prepare = isShared ? () => emptyLargeLog(settings.path, settings.driver) : undefined;
    const writer = await SqliteConnection.openWriter(settings, prepare);
    let reader: SqliteConnection | undefined;
    try {
      // Reads for the first time, which creates the write-ahead log.
      await whileBusy(settings.busyTimeoutMs, () => writer.dataVersion());
      const { files } = writer;
      await assertWholeLog(writer.driver, settings.busyTimeoutMs);
      assertIndexMapped(files.path);
      const guard = isShared ? new FileGuard(settings.path, files) : undefined;
      reader = SqliteConnection.openReader({ ...settings, path: files.path });
      // Fails unless both connections have opened the same file.
      if (guard?.isInPlace() === false) throw filesNotInPlace();
      return new GuardedConnections(writer, reader, files.path, guard);
    } catch (error) {
      // Closes the reader last, because it cannot write. Otherwise, the last connection to close would copy the
      // write-ahead log into the file. This is unsafe when the files are not in place.
      writer.close();
      reader?.close();
      throw error;
    }
  }

  /**
   * Checks that all files of the database are in place. May miss a change of the last ten milliseconds.
   *
   * @throws UNAVAILABLE when a file of the database is not in place
   */
  assertInPlace(): void {
    if (this.guard?.isInPlace() === false) this.#failOutOfPlace();
  }

  /**
   * Checks that all files of the database are in place now.
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
   * Rolls back a transaction that is still open. Then saves the changes if the files are not in place: copies the
   * write-ahead log into its database file. Closes the writing connection instead if this copy could destroy changes of
   * others.
   */
  finishWrite(): void {
    if (this.writer.driver.inTransaction) this.writer.run(transactionControl.rollback);
    this.#secureChanges();
  }

  /** Returns the failure of a transaction that its caller has not ended, but that is no longer open. */
  endedByOthers(): Failure {
    if (!this.reader.driver.open) return notInitialized();
    return this.guard === undefined || this.guard.state === 'in-place' ? rolledBackByStorage() : filesNotInPlace();
  }

  /** Closes both connections. Call this method when no call is in flight. */
  close(): void {
    const state = this.guard?.compare();
    if (state === 'unsafe') {
      // Closes the reader last, because it cannot write. Otherwise, the last connection to close would copy the
      // write-ahead log into the file, and remove the log.
      this.writer.close();
      this.reader.close();
      return;
    }
    this.#emptyLogIfDetached();
    // Closes the writer last. It removes the write-ahead log if no other connection has the file open.
    this.reader.close();
    this.writer.close();
  }

  #failOutOfPlace(): never {
    // Recognizes a closed database first, because it has no -wal and -shm files.
    if (!this.reader.driver.open) throw notInitialized();
    this.#secureChanges();
    throw filesNotInPlace();
  }

  // Saves the changes before an error is thrown. An application that does not handle the error may end without calling
  // close().
  #secureChanges(): void {
    if (this.writer.driver.inTransaction) {
      // Writes nothing in the state `unsafe`. finishWrite() closes the connection at the end of the transaction.
      if (this.guard?.state !== 'detached') return;
      // Rolls back the transaction. It can no longer be committed, and would prevent the copy of the write-ahead log.
      this.writer.run(transactionControl.rollback);
    }
    // Closes only the driver's connection. The file stays registered, because the reading connection is still open.
    if (this.guard?.state === 'unsafe') this.writer.driver.close();
    else this.#emptyLogIfDetached();
  }

  // Copies the write-ahead log of a moved file into that file, and empties the log. SQLite itself does not do so.
  // Otherwise, the next database that is opened at the path would apply the log, and would be corrupt.
  #emptyLogIfDetached(): void {
    // Saves the write-ahead log only once. Afterwards, a process that opened the new file at the path may use the same
    // log.
    if (this.guard?.state !== 'detached' || this.#isLogSaved) return;
    try {
      // The first column of the result is 0 when no other connection has blocked the checkpoint.
      this.#isLogSaved = this.writer.driver.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
    } catch {
      // Keeps the write-ahead log if it cannot be copied. Each later call, and close(), tries again.
    }
  }
}
