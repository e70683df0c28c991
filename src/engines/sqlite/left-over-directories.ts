import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { yieldToEventLoop } from '../../runtime/event-loop';
import { mappedFiles } from './process-mappings';

/** Prefix of the names of directories for databases in memory. */
export const directoryPrefix = 'ans-database-';
/** Name of the database in such a directory. */
export const databaseName = 'memory.sqlite';

const directoryName = /^ans-database-[A-Za-z\d]{6}$/;
/** Maximum age in milliseconds of an empty directory that a process may still be about to use. */
const emptyForMs = 60_000;
/** Maximum time in milliseconds that one opening spends on the removal; the next opening continues it. */
const maxRemovalMs = 2000;

/**
 * Removes the directories in `parent` that killed processes and threads of this user have left, when no connection has
 * their database open. A lock decides that: process ids are reused, and have no meaning in another container. The lock
 * is held while the files are removed, so a process that is just opening one detects that and creates another.
 *
 * @param known - directories of this thread, whose databases may not be open yet.
 */
export async function removeLeftOverDirectories(parent: string, known: ReadonlySet<string>): Promise<void> {
  const deadline = performance.now() + maxRemovalMs;
  let inUse: readonly string[] | undefined;
  for (const name of namesIn(parent)) {
    const directory = join(parent, name);
    if (!directoryName.test(name) || known.has(directory) || !isOwnDirectory(directory)) continue;
    if (performance.now() > deadline) return;
    // Locks do not show another SQLite library in the same process, and opening the file would drop its locks.
    inUse ??= mappedFiles().map(({ path }) => path);
    if (inUse.some((path) => path.startsWith(`${directory}/`))) continue;
    removeUnlessOpen(directory);
    // Reading a log takes some milliseconds.
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

function removeUnlessOpen(directory: string): void {
  try {
    const path = join(directory, databaseName);
    if (existsSync(path)) removeLocked(path);
    else if (Date.now() - lstatSync(directory).mtimeMs < emptyForMs) return;
    // Fails when a process has created a database in it.
    rmdirSync(directory);
  } catch {
    // Another process has it open, or has removed it first. Any other error can be ignored: the next opening tries
    // again.
  }
}

function removeLocked(path: string): void {
  const driver = new SqliteDriver(path, { fileMustExist: true, timeout: 0 });
  try {
    // In this mode the lock also excludes readers, and the log has no shared index.
    driver.pragma('locking_mode = EXCLUSIVE');
    driver.exec('BEGIN EXCLUSIVE');
    // Removes the database last: while it exists, the directory can be locked.
    for (const suffix of ['-wal', '-shm', '-journal', '']) rmSync(path + suffix, { force: true });
  } finally {
    driver.close();
  }
}
