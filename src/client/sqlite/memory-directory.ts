import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Linux keeps files in memory. */
const memoryFileSystem = '/dev/shm';

const directories = new Set<string>();

/**
 * A directory for a database that is gone when it is closed. SQLite's own `:memory:` has no write-ahead log, so that its
 * readers would wait for writers, or see what is not committed.
 */
export class MemoryDirectory {
  readonly #path: string;

  constructor() {
    const parent = statSync(memoryFileSystem, { throwIfNoEntry: false })?.isDirectory() ? memoryFileSystem : tmpdir();
    this.#path = mkdtempSync(join(parent, 'ans-database-'));
    if (directories.size === 0) process.once('exit', removeAll);
    directories.add(this.#path);
  }

  /** The path of the database file. */
  get databasePath(): string {
    return join(this.#path, 'memory.sqlite');
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
    directories.delete(this.#path);
    if (directories.size === 0) process.removeListener('exit', removeAll);
  }
}

// For databases that nobody closed.
function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
