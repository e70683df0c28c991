import { basename } from 'node:path';
import { runInThisContext } from 'node:vm';
import { Failure } from '../../errors/failure';
import { filesNotInPlace, filesAt, type DatabaseFiles } from './file-guard';
import { identityOf, missingFile, realPathOf, type FileIdentity } from './file-identity';
import { nodeSqliteName, type SqliteLibrary } from './driver/driver';
import { mappedFiles, type MappedFile } from './process-mappings';

/**
 * Database file that this thread has open. Other versions of this package in the same thread also read this object, so
 * only optional fields may be added.
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
 * True on systems where file locks belong to the process. On Windows, file locks belong to the file handle, so that
 * even two SQLite libraries in one process exclude each other.
 */
const hasProcessLocks = process.platform !== 'win32';

/** Entry of a writing connection in the registry of open files. */
export interface FileClaim {
  /** Returns the identities of the files when the first connection of this thread opened them. */
  readonly files: () => DatabaseFiles;
  readonly release: () => void;
}

/**
 * Fails when another copy of SQLite in this process has the file at `path` open. POSIX locks belong to the process: two
 * copies would not exclude each other, and a copy that closes the file removes the locks of the other copy.
 *
 * Also fails when this thread has the database open, but one of its files was removed or replaced. Call this function
 * before you open the file.
 *
 * @param library - library that is about to open the file.
 * @param mapped - files that the process had mapped before the library was loaded. Default: the files that are mapped
 * now.
 * @throws UNAVAILABLE when another library has the file open, or when a file was removed or replaced
 */
export function assertOnlyLibrary(path: string, library: SqliteLibrary, mapped?: readonly MappedFile[]): void {
  if (!hasProcessLocks) return;
  const identity = identityOf(path);
  if (identity === missingFile) return;
  const entry = registry().get(identity);
  if (entry === undefined) assertNotMapped(path, library, mapped ?? mappedFiles());
  else if (entry.library.id !== library.id) throw openElsewhere(entry.library.path, library);
  // Fails if the -shm file was removed. A new connection would still use the removed file, because all connections of a
  // process share it.
  else if (entry.files !== undefined && !isSame(entry.files)) throw filesNotInPlace();
}

/** Registers the file at `path`, which a connection has just opened for writing. */
export function claimFile(path: string, library: SqliteLibrary): FileClaim {
  const identity = identityOf(path);
  const entry = registry().get(identity) ?? { library, count: 0 };
  if (hasProcessLocks && identity !== missingFile) registry().set(identity, entry);
  entry.count += 1;
  let isReleased = false;
  return {
    files: () => {
      entry.files ??= filesAt(path);
      // Another hard link of the file has its own write-ahead log.
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
 * Fails when this process uses another -shm file than the one beside the file at `path`. This happens when another
 * thread still uses a removed -shm file, which all connections of the process share.
 *
 * @throws UNAVAILABLE when the -shm file of this process was removed
 */
export function assertIndexMapped(path: string): void {
  const index = `${path}-shm`;
  const paths = new Set(mappedFiles().map((file) => file.path));
  if (paths.has(`${index} (deleted)`) && !paths.has(index)) throw filesNotInPlace();
}

/**
 * Returns the registry of the open files of this thread. All contexts of the thread, such as those of Jest, must share
 * the registry, because they share the file locks. `globalThis` would not work: each context has its own.
 */
function registry(): Registry {
  // The cast is safe: only this package sets a property with this key.
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
 * Fails when another SQLite library in this process has the database open, but the registry does not show it. The
 * library may be in another thread, or belong to the application's own driver. A mapped -shm file reveals it. Works on
 * Linux only.
 *
 * Does not fail if `library` itself may have mapped the -shm file. For better-sqlite3, this is possible once its binary
 * is loaded. For `node:sqlite`, which is always loaded, the function fails as soon as another library is loaded, too. A
 * needless failure does less harm than two libraries on one file.
 */
function assertNotMapped(path: string, library: SqliteLibrary, mapped: readonly MappedFile[]): void {
  const libraries = mapped.filter((file) => file.isExecutable && /sqlite.*\.(?:node|so)/i.test(basename(file.path)));
  const isBuiltIn = library.path === nodeSqliteName;
  if (isBuiltIn ? libraries.length === 0 : libraries.some((file) => identityOf(file.path) === library.id)) return;
  const index = `${realPathOf(path)}-shm`;
  if (!mapped.some((file) => file.path === index)) return;
  throw openElsewhere(libraries[0]?.path ?? nodeSqliteName, library);
}

function openElsewhere(other: string, own: SqliteLibrary): Failure {
  const message =
    `another SQLite library in this process (${other}) has the database open, ` +
    `which cannot be shared with this one (${own.path}): use one copy of one driver in the process`;
  return new Failure('UNAVAILABLE', message, { retryable: false });
}
