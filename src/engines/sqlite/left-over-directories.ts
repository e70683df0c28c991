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
/** Age in milliseconds up to which an empty directory is kept, because a process may be about to use it. */
const emptyForMs = 60_000;
/**
 * Maximum time in milliseconds for the removal of left-over directories. The next database in memory that is opened
 * removes the rest.
 */
const maxRemovalMs = 2000;

/**
 * Removes the directories in `parent` that killed processes and threads of this user have left. Keeps a directory whose
 * database is open: the lock of the database shows this. (A process id in the name would not, because ids are reused,
 * and have no meaning in another container.) This function holds the lock while it removes the files. A process that is
 * about to open the database detects this, and creates another directory.
 *
 * @param known - directories of this thread. They are kept, because their databases may not be open yet.
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
    // A lock of another SQLite library in this process would not be noticed, and closing the file would remove that
    // lock. So the databases that such a library has open are found first.
    inUse ??= mappedFiles().map(({ path }) => path);
    if (inUse.some((path) => path.startsWith(`${directory}/`))) continue;
    removeUnlessOpen(directory, driver);
    // Opening a database reads its log, and blocks the event loop for some milliseconds. Lets other work run in
    // between.
    await yieldToEventLoop();
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    // If `parent` is writable but not readable, nothing can be removed.
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
    // Fails if a process has just created a database in the directory.
    rmdirSync(directory);
  } catch {
    // The database is open, or another process has removed the directory first. Any other error is ignored, because the
    // next opening tries again.
  }
}

function removeLocked(path: string, driver: SqliteDriver): void {
  const connection = driver.open(path, { fileMustExist: true, timeout: 0 });
  try {
    // In exclusive mode, the lock also excludes readers, and SQLite uses no -shm file.
    connection.pragma('locking_mode = EXCLUSIVE');
    connection.exec('BEGIN EXCLUSIVE');
    // Removes the database file last, because its lock protects the directory only while the file exists.
    for (const suffix of ['-wal', '-shm', '-journal', '']) rmSync(path + suffix, { force: true });
  } finally {
    connection.close();
  }
}
