import { rm } from 'node:fs/promises';
import SqliteDriver, { type Database } from 'better-sqlite3';
import type { SqliteLocation } from '../../options/database-url';
import { Failure } from '../../errors/failure';
import { isBusy, whileBusy } from './busy';
import { identityOf, missingFile } from './file-identity';
import { assertOnlyLibrary } from './open-files';
import { pathOf } from './connection';
import { isEmpty, isOwnDatabase } from './migrations/initial-schema';

/**
 * Removes a database of this package with the files that SQLite keeps beside it. Does nothing when there is no file, or
 * an empty one. For a symbolic link it removes the target files, and keeps the link.
 *
 * @throws BUSY when another connection has the database open; INVALID_OPTIONS when the database does not belong to this
 * package; UNAVAILABLE when another SQLite library has it open, or when a file cannot be removed.
 */
export async function removeSqliteFiles(location: SqliteLocation, busyTimeoutMs: number): Promise<void> {
  if (location.kind === 'memory' || identityOf(location.path) === missingFile) return;
  assertOnlyLibrary(location.path);
  const driver = new SqliteDriver(location.path, { fileMustExist: true, timeout: 0 });
  try {
    // In this mode no other connection, of this or another process, can have the file open, not even for reading.
    driver.pragma('locking_mode = EXCLUSIVE');
    await whileBusy(busyTimeoutMs, () => {
      if (!driver.inTransaction) driver.exec('BEGIN EXCLUSIVE');
    });
    if (isOwnDatabase(driver)) await removeLocked(driver);
    else if (!isEmpty(driver)) throw notOwn();
  } catch (error) {
    throw isBusy(error) ? openElsewhere(error) : error;
  } finally {
    driver.close();
  }
}

/** Removes the files while the lock keeps others from opening them. */
async function removeLocked(driver: Database): Promise<void> {
  const path = pathOf(driver);
  // Windows cannot remove an open file.
  if (process.platform === 'win32') driver.close();
  try {
    // The database first: an older log must never be replayed into a newer database.
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
