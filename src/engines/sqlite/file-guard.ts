import { Failure } from '../../errors/failure';
import { identityOf, missingFile, sizeOf, type FileIdentity } from './file-identity';

/**
 * Time in milliseconds for which {@link FileGuard.isInPlace} reuses a positive result. A comparison takes a few
 * microseconds, and the shortest write takes a hundred.
 */
const intervalMs = 10;

/** Files of a database, with the identities of the files when the database was opened. */
export interface DatabaseFiles {
  /** Path of the database that SQLite uses, with symbolic links resolved. */
  readonly path: string;
  readonly database: FileIdentity;
  /** Identity of the write-ahead log: the -wal file. */
  readonly log: FileIdentity;
  /** Identity of the shared index of the write-ahead log: the -shm file, which all processes share. */
  readonly index: FileIdentity;
}

/**
 * Result of comparing the files of a database with the opened ones.
 *
 * - `in-place`: all files are the ones that were opened.
 * - `detached`: the path of the database or of the write-ahead log leads to another file, or to none. The open log
 *   belongs to the open database file, so its changes can be copied into that file.
 * - `unsafe`: other connections use, or may soon use, another log or another -shm file for the database file. Any
 *   further write, even a checkpoint, could destroy their changes. This state is final.
 */
export type FileState = 'in-place' | 'detached' | 'unsafe';

/**
 * Returns the present identities of the files of a database. In WAL mode, the first read creates the -wal and -shm
 * files.
 */
export function filesAt(path: string): DatabaseFiles {
  return {
    path,
    database: identityOf(path),
    log: identityOf(`${path}-wal`),
    index: identityOf(`${path}-shm`),
  };
}

/**
 * Detects that a database file, its write-ahead log or its -shm file was removed, moved or replaced. On POSIX systems,
 * SQLite would continue with the deleted files, and would confirm writes that are lost.
 */
export class FileGuard {
  readonly #names: readonly string[];
  readonly #opened: DatabaseFiles;
  #nextCheckMs = 0;
  #state: FileState = 'in-place';

  /**
   * Creates a guard for the open files of a database.
   *
   * @param givenPath - path that the caller has given. It must keep leading to the opened file.
   */
  constructor(givenPath: string, opened: DatabaseFiles) {
    this.#names = [...new Set([givenPath, opened.path])];
    this.#opened = opened;
  }

  /** Reports whether all files of the database are in place. The result may be up to ten milliseconds old. */
  isInPlace(): boolean {
    const now = performance.now();
    if (now < this.#nextCheckMs) return true;
    if (this.compare() !== 'in-place') return false;
    this.#nextCheckMs = now + intervalMs;
    return true;
  }

  /** Compares the files of the database now, and returns the result. */
  compare(): FileState {
    this.#state = this.#state === 'unsafe' ? 'unsafe' : this.#findState();
    if (this.#state !== 'in-place') this.#nextCheckMs = 0;
    return this.#state;
  }

  /** Names of the files of the database, each with the identity of the opened file. */
  get expected(): readonly (readonly [name: string, identity: FileIdentity])[] {
    const { path, database, log, index } = this.#opened;
    return [...this.#names.map((name) => [name, database] as const), [`${path}-wal`, log], [`${path}-shm`, index]];
  }

  /** Result of the last comparison of the files. */
  get state(): FileState {
    return this.#state;
  }

  #findState(): FileState {
    const { path, database, log, index } = this.#opened;
    const hasName = this.#names.every((name) => identityOf(name) === database);
    const logNow = identityOf(`${path}-wal`);
    const indexNow = identityOf(`${path}-shm`);
    if (hasName && logNow === log && indexNow === index) return 'in-place';
    // Another process has created a new -shm file, and does not see what this process writes through the old one.
    if (indexNow !== index && indexNow !== missingFile) return 'unsafe';
    // Other connections have written to a write-ahead log that this connection does not read.
    if (logNow !== log && sizeOf(`${path}-wal`) > 0) return 'unsafe';
    // The write-ahead log is in place, but the -shm file is missing. The next connection may create a new one at any
    // moment.
    if (hasName && logNow === log) return 'unsafe';
    return 'detached';
  }
}

/** Creates the failure for a call on a database whose files are not in place. */
export function filesNotInPlace(): Failure {
  const message = 'a database file was removed or replaced: call close() and initialize() to open the current file';
  // The failure is not retryable: the call would fail again until the database is opened again.
  return new Failure('UNAVAILABLE', message, { retryable: false });
}
