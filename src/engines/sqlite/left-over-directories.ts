import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { yieldToEventLoop } from '../../runtime/event-loop';
import type { SqliteDriver } from './driver/driver';
import { mappedFiles } from './process-mappings';

/** Prefix of the names of directories for databases in memory. */
export const directoryPrefix = 'ans-database-';
/** Name of the database in such a directory. */
export const databaseName = 'memory.sqlite';

const directoryName = /^ans-database-[A-Za-z\d]{6}$/;
/** Age in milliseconds below which an empty directory is kept: a process may be about to create its database there. */
const emptyForMs = 60_000;
/**
 * Time in milliseconds after which no further left-over directory is removed. The next opening of an in-memory database
 * continues the removal.
 */
const maxRemovalMs = 2000;

/**
 * Removes the directories in `parent` that killed processes and threads of this user have left, unless a connection has
 * their database open. The lock of the database shows whether one has. A process id in the name would not: ids are
 * reused, and have no meaning in another container. The lock is held while the files are removed. A process that is
 * about to open the same database detects the removal, and creates another directory.
 *
 * @param known - directories of this thread, which are kept because their databases may not be open yet.
 */
export async function removeLeftOverDirectories(
  parent: string,
  known: ReadonlySet<string>,
  driver: SqliteDriver,
): Promise<void> {
  const deadline = performance.now() + maxRemovalMs;
  let inUse: readonly string[] | undefined;
  for (const name of namesIn(parent)) {
    const directory = join(parent, name);
    if (!directoryName.test(name) || known.has(directory) || !isOwnDirectory(directory)) continue;
    if (performance.now() > deadline) return;
    // A lock does not exclude another SQLite library in the same process, and closing the file would drop the locks of
    // that library.
    inUse ??= mappedFiles().map(({ path }) => path);
    if (inUse.some((path) => path.startsWith(`${directory}/`))) continue;
    removeUnlessOpen(directory, driver);
    // Opening a database reads its log, which blocks the event loop for some milliseconds.
    await yieldToEventLoop();
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    // A writable directory may be unreadable.
    return [];
  }
}

function isOwnDirectory(directory: string): boolean {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && (process.getuid === undefined || stats.uid === process.getuid());
}

function removeUnlessOpen(directory: string, driver: SqliteDriver): void {
  try {
    const path = join(directory, databaseName);
    if (existsSync(path)) removeLocked(path, driver);
    else if (Date.now() - lstatSync(directory).mtimeMs < emptyForMs) return;
    // Fails when a process has created a database in it.
    rmdirSync(directory);
  } catch {
    // Another process has the database open, or has removed the directory first. Any other error can be ignored: the
    // next opening tries again.
  }
}

function removeLocked(path: string, driver: SqliteDriver): void {
  const connection = driver.open(path, { fileMustExist: true, timeout: 0 });
  try {
    // In this mode the lock also excludes readers, and the log has no shared index.
    connection.pragma('locking_mode = EXCLUSIVE');
    connection.exec('BEGIN EXCLUSIVE');
    // Removes the database file last: its lock protects the directory only while the file exists.
    for (const suffix of ['-wal', '-shm', '-journal', '']) rmSync(path + suffix, { force: true });
  } finally {
    connection.close();
  }
}
