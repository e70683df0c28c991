import { basename } from 'node:path';
import { runInThisContext } from 'node:vm';
import { Failure } from '../../errors/failure';
import { filesNotInPlace, filesAt, type DatabaseFiles } from './file-guard';
import { identityOf, missingFile, realPathOf, type FileIdentity } from './file-identity';
import { mappedFiles } from './process-mappings';
import type { SqliteLibrary } from './driver/driver';

/**
 * Database file that this thread has open. Other versions of this package in the same thread read these objects: only
 * add optional fields.
 */
interface OpenFile {
  readonly library: SqliteLibrary;
  /** Number of writing connections that have the file open. */
  count: number;
  files?: DatabaseFiles;
}

type Registry = Map<FileIdentity, OpenFile>;

const registryKey = Symbol.for('ans-database.openSqliteFiles');

/**
 * True on systems where file locks belong to the process. On Windows they belong to the handle, so that two libraries
 * in one process exclude each other.
 */
const hasProcessLocks = process.platform !== 'win32';

/** Registration of a writing connection at the entry of its file in the registry of the thread. */
export interface FileClaim {
  /** Returns the files as the first connection of this thread found them. */
  readonly files: () => DatabaseFiles;
  readonly release: () => void;
}

/**
 * Fails when another copy of SQLite in this process has the file at `path` open. POSIX locks belong to the process: two
 * copies would not exclude each other, and a copy that closes the file drops the locks of the other one. Also fails
 * when this thread has the database open and one of its files was removed or replaced since. Call it before the file is
 * opened.
 *
 * @throws UNAVAILABLE
 */
export function assertOnlyLibrary(path: string, library: SqliteLibrary): void {
  if (!hasProcessLocks) return;
  const identity = identityOf(path);
  if (identity === missingFile) return;
  const entry = registry().get(identity);
  if (entry === undefined) assertNotMapped(path, library);
  else if (entry.library.id !== library.id) throw openElsewhere(entry.library.path, library);
  // SQLite shares the index of the log among the connections of a process, so a new connection would use the removed
  // index.
  else if (entry.files !== undefined && !isSame(entry.files)) throw filesNotInPlace();
}

/** Registers the file at `path`, which has just been opened for writing. */
export function claimFile(path: string, library: SqliteLibrary): FileClaim {
  const identity = identityOf(path);
  const entry = registry().get(identity) ?? { library, count: 0 };
  if (hasProcessLocks && identity !== missingFile) registry().set(identity, entry);
  entry.count += 1;
  let isReleased = false;
  return {
    files: () => {
      entry.files ??= filesAt(path);
      // A hard link is another name, with a log of its own.
      return entry.files.path === path ? entry.files : filesAt(path);
    },
    release: () => {
      if (isReleased) return;
      isReleased = true;
      entry.count -= 1;
      if (entry.count === 0 && registry().get(identity) === entry) registry().delete(identity);
    },
  };
}

/**
 * Fails when the index of the log that this process uses is not the one beside the file at `path`: another thread still
 * uses a removed index, and SQLite shares it among the connections of a process.
 *
 * @throws UNAVAILABLE
 */
export function assertIndexMapped(path: string): void {
  const index = `${path}-shm`;
  const paths = new Set(mappedFiles().map((file) => file.path));
  if (paths.has(`${index} (deleted)`) && !paths.has(index)) throw filesNotInPlace();
}

/**
 * Returns the registry of the thread. Contexts such as Jest's have a `globalThis` of their own, but share the locks.
 */
function registry(): Registry {
  // Only this package sets a property with this key.
  const main = runInThisContext('globalThis') as Record<symbol, Registry | undefined>;
  const known = main[registryKey] ?? new Map<FileIdentity, OpenFile>();
  main[registryKey] = known;
  return known;
}

function isSame(files: DatabaseFiles): boolean {
  const { database, log, index } = filesAt(files.path);
  return database === files.database && log === files.log && index === files.index;
}

/**
 * Fails when another SQLite library has the database open and the registry of this thread does not show it: in another
 * thread, or through an application's own driver. Works on Linux only, and only while this copy's binary is not loaded:
 * then a mapped index of the log shows that another library has the database open.
 */
function assertNotMapped(path: string, library: SqliteLibrary): void {
  const mapped = mappedFiles();
  const libraries = mapped.filter((file) => file.isExecutable && /sqlite.*\.(?:node|so)/i.test(basename(file.path)));
  if (libraries.some((file) => identityOf(file.path) === library.id)) return;
  const index = `${realPathOf(path)}-shm`;
  if (!mapped.some((file) => file.path === index)) return;
  throw openElsewhere(libraries[0]?.path ?? 'node:sqlite', library);
}

function openElsewhere(other: string, own: SqliteLibrary): Failure {
  const message =
    `another SQLite library in this process (${other}) has the database open, ` +
    `which cannot be shared with this one (${own.path}): install one copy of better-sqlite3`;
  return new Failure('UNAVAILABLE', message, { retryable: false });
}
