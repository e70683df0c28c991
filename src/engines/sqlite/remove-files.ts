import { rm } from 'node:fs/promises';
import { Failure } from '../../errors/failure';
import { isBusy, whileBusy } from './busy';
import type { DriverConnection, SqliteDriver } from './driver/driver';
import { identityOf, missingFile } from './file-identity';
import { assertOnlyLibrary } from './open-files';
import { pathOf } from './connection';
import { isEmpty, isOwnDatabase } from './migrations/initial-schema';

/**
 * Removes a database of this package, with the files that SQLite keeps beside it. Does nothing when the file does not
 * exist or is empty. Follows a symbolic link: removes its target and keeps the link.
 *
 * @throws BUSY when another connection has the database open; INVALID_OPTIONS when the database does not belong to this
 * package; UNAVAILABLE when another SQLite library has the database open, or when a file cannot be removed.
 */
export async function removeSqliteFiles(path: string, driver: SqliteDriver, busyTimeoutMs: number): Promise<void> {
  if (identityOf(path) === missingFile) return;
  assertOnlyLibrary(path, driver.library);
  const connection = driver.open(path, { fileMustExist: true, timeout: 0 });
  try {
    // Excludes all other connections to the file, even those that only read.
    connection.pragma('locking_mode = EXCLUSIVE');
    await whileBusy(busyTimeoutMs, () => {
      if (!connection.inTransaction) connection.exec('BEGIN EXCLUSIVE');
    });
    if (isOwnDatabase(connection, driver)) await removeLocked(connection);
    else if (!isEmpty(connection)) throw notOwn();
  } catch (error) {
    throw isBusy(error) ? openElsewhere(error) : error;
  } finally {
    connection.close();
  }
}

/** Removes the database file and the files beside it. The lock of the caller prevents others from opening them. */
async function removeLocked(connection: DriverConnection): Promise<void> {
  const path = pathOf(connection);
  // Closes the connection first on Windows, which cannot remove an open file.
  if (process.platform === 'win32') connection.close();
  try {
    // Removes the database file first. Otherwise its write-ahead log might be applied to a new database at the path.
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(path + suffix, { force: true });
  } catch (cause) {
    throw new Failure('UNAVAILABLE', 'the database files could not be removed', { cause });
  }
}

function openElsewhere(cause: unknown): Failure {
  return new Failure('BUSY', 'the database is still open in this or another process', { cause });
}

function notOwn(): Failure {
  return new Failure('INVALID_OPTIONS', 'url must name a database of this package', { field: 'url' });
}
