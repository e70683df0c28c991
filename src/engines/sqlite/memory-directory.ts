import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../../errors/failure';
import { runAtExit } from './at-exit';
import type { SqliteDriver } from './driver/driver';
import { databaseName, directoryPrefix, removeLeftOverDirectories } from './left-over-directories';

/** Path of the file system that Linux keeps in memory. */
const memoryFileSystem = '/dev/shm';

/**
 * Directories of the databases in memory of this thread. Until such a database is open, no lock protects its directory.
 */
const directories = new Set<string>();

/**
 * Directory of a database in memory, which is removed when the database is closed. SQLite's own `:memory:` is not used.
 * It has no write-ahead log, so readers would wait for writers, or see uncommitted data.
 */
export class MemoryDirectory {
  readonly #path: string;
  readonly #cancelAtExit: () => void;

  private constructor(path: string) {
    this.#path = path;
    directories.add(path);
    this.#cancelAtExit = runAtExit(() => this.remove());
  }

  /**
   * Creates a directory in the first of the `parents` that is writable.
   *
   * @throws UNAVAILABLE when none of the `parents` is writable
   */
  static create(parents: readonly string[] = [memoryFileSystem, tmpdir()]): MemoryDirectory {
    const causes: unknown[] = [];
    for (const parent of parents) {
      try {
        return new MemoryDirectory(mkdtempSync(join(parent, directoryPrefix)));
      } catch (error) {
        causes.push(error);
      }
    }
    const message = 'neither the in-memory file system nor the temporary directory is writable';
    throw new Failure('UNAVAILABLE', message, { cause: new AggregateError(causes) });
  }

  /** Path of the database file in the directory. */
  get databasePath(): string {
    return join(this.#path, databaseName);
  }

  /**
   * Reports whether the database file exists. Another process may remove the directory before the database is locked.
   */
  isInPlace(): boolean {
    return existsSync(this.databasePath);
  }

  /** Removes other directories in the same parent that killed processes and threads have left. */
  async removeLeftOver(driver: SqliteDriver): Promise<void> {
    await removeLeftOverDirectories(dirname(this.#path), directories, driver);
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
    directories.delete(this.#path);
    this.#cancelAtExit();
  }
}
