import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { takeTurn } from '../event-loop';
import { mappedFiles } from './process-mappings';

/** How the names of directories for databases in memory begin. */
export const directoryPrefix = 'ans-database-';
/** The name of the database in such a directory. */
export const databaseName = 'memory.sqlite';

const directoryName = /^ans-database-[A-Za-z\d]{6}$/;
/** An empty directory is younger than this while a process is about to put a database into it. */
const emptyForMs = 60_000;
/** How long one opening may spend on it; the next one goes on. */
const longestMs = 2000;

/**
 * Removes the directories in `parent` of databases that nobody has open: of this user's processes and threads that were
 * killed. A lock tells whether one is open: process ids are used again, and mean nothing in another container. The lock is
 * held while the files are removed, so a process that is just opening one finds out and makes another.
 *
 * @param known - directories of this thread, whose databases may not be open yet.
 */
export async function removeLeftOverDirectories(parent: string, known: ReadonlySet<string>): Promise<void> {
  const deadline = performance.now() + longestMs;
  let inUse: readonly string[] | undefined;
  for (const name of namesIn(parent)) {
    const directory = join(parent, name);
    if (!directoryName.test(name) || known.has(directory) || !isOwnDirectory(directory)) continue;
    if (performance.now() > deadline) return;
    // Locks say nothing about another SQLite library in this very process, and would be dropped here.
    inUse ??= mappedFiles().map(({ path }) => path);
    if (inUse.some((path) => path.startsWith(`${directory}/`))) continue;
    removeUnlessOpen(directory);
    // A log that has to be read takes some milliseconds.
    await takeTurn();
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    // A folder that can be written to need not be readable.
    return [];
  }
}

function isOwnDirectory(directory: string): boolean {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && (process.getuid === undefined || stats.uid === process.getuid());
}

function removeUnlessOpen(directory: string): void {
  try {
    const path = join(directory, databaseName);
    if (existsSync(path)) removeLocked(path);
    else if (Date.now() - lstatSync(directory).mtimeMs < emptyForMs) return;
    // Fails when somebody has put a database into it.
    rmdirSync(directory);
  } catch {
    // Somebody has it open, or was quicker. Whatever else is wrong concerns nobody: the next opening tries again.
  }
}

function removeLocked(path: string): void {
  const driver = new SqliteDriver(path, { fileMustExist: true, timeout: 0 });
  try {
    // In this mode the lock excludes readers, too, and there is no index of the log to share.
    driver.pragma('locking_mode = EXCLUSIVE');
    driver.exec('BEGIN EXCLUSIVE');
    // The database last: as long as it is there, the directory can be locked.
    for (const suffix of ['-wal', '-shm', '-journal', '']) rmSync(path + suffix, { force: true });
  } finally {
    driver.close();
  }
}
