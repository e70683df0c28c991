import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { yieldToEventLoop } from '../../runtime/event-loop';
import type { SqliteDriver } from './driver/driver';
import { mappedFiles } from './process-mappings';

/** Prefix of the names of directories that contain a database in memory. */
export const directoryPrefix = 'ans-database-';
/** File name of the database in a directory of a database in memory. */
export const databaseName = 'memory.sqlite';

const directoryName = /^ans-database-[A-Za-z\d]{6}$/;
/** Minimum age in milliseconds of an empty directory to remove, because a process may be about to use a newer one. */
const emptyForMs = 60_000;
/**
 * Maximum time in milliseconds for the removal of directories that killed processes have left. Opening the next
 * database in memory removes the rest.
 */
const maxRemovalMs = 2000;

/**
 * Removes the directories in `parent` that killed processes and threads of this user have left. Keeps a directory whose
 * database is open, which the lock of the database shows. A process id in the name would show this less reliably: ids
 * are reused, and have no meaning in another container. This function holds the lock while it removes the files. A
 * process that is about to open the database detects this, and creates another directory.
 *
 * @param known - directories of this thread. The function keeps them, because their databases may not be open yet.
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
    // Finds the databases that other SQLite libraries in this process have open. A connection of this package would not
    // notice the locks of such a library, and would remove them by closing the file.
    inUse ??= mappedFiles().map(({ path }) => path);
    if (inUse.some((path) => path.startsWith(`${directory}/`))) continue;
    removeUnlessOpen(directory, driver);
    // Lets other work run between two directories. Opening a database reads its write-ahead log, and blocks the event
    // loop for some milliseconds.
    await yieldToEventLoop();
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    // Removes nothing if the directory `parent` is not readable.
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
    // `rmdirSync` fails if a process has just created a database in the directory.
    rmdirSync(directory);
  } catch {
    // Ignores all errors, because opening the next database tries again. Usually the database is open, or another
    // process has removed the directory first.
  }
}

function removeLocked(path: string, driver: SqliteDriver): void {
  const connection = driver.open(path, { fileMustExist: true, timeout: 0 });
  try {
    // The exclusive mode also excludes readers, and creates no -shm file.
    connection.pragma('locking_mode = EXCLUSIVE');
    connection.exec('BEGIN EXCLUSIVE');
    // Removes the database file last. Its lock protects the directory only while the file exists.
    for (const suffix of ['-wal', '-shm', '-journal', '']) rmSync(path + suffix, { force: true });
  } finally {
    connection.close();
  }
}
