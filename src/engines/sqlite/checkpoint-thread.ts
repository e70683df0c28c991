import { accessSync, constants } from 'node:fs';
import { Mutex } from '../../runtime/mutex';
import { assertSpareDescriptors } from '../../runtime/spare-descriptors';
import { checkpointProgram } from './checkpoint-program';
import type { DataVersion } from './data-version';
import type { SqliteDriver } from './driver/driver';
import { filesAt } from './file-guard';
import { missingFile, realPathOf, sizeOf, type FileIdentity } from './file-identity';
import { RequestThread } from './request-thread';

/** Size of the write-ahead log in bytes at which SQLite itself begins checkpoints: 1000 pages. */
export const largeLogBytes = 4_194_304;

/** Request to the checkpoint thread. */
export interface CheckpointJob {
  /** Path of the database that SQLite uses, with symbolic links resolved. */
  readonly path: string;
  /** Names of the files that must be in place, each with the expected identity. */
  readonly files: readonly (readonly [name: string, identity: FileIdentity])[];
  /**
   * Mode of the checkpoint.
   *
   * - `copy`: copies the write-ahead log without blocking writers.
   * - `empty`: also empties the log, and blocks writers meanwhile.
   * - `restart`: also begins the next log, and syncs its header to the disk. Without this, the next commit would do so
   *   in the event loop.
   */
  readonly mode: 'copy' | 'empty' | 'restart';
  /** Maximum time to wait for the locks of other connections, in milliseconds. */
  readonly timeoutMs: number;
}

/** Request to the thread. `watch` opens the connection of the next restart. `verify` closes this connection. */
type ThreadRequest = Omit<CheckpointJob, 'mode'> & { readonly mode: CheckpointJob['mode'] | 'watch' | 'verify' };

interface ThreadAnswer {
  readonly state?: CheckpointState;
  /** Answer to `verify`: true when no other connection has committed since `watch`. */
  readonly isUnchanged?: boolean;
}

/** Result of a checkpoint, with the columns of SQLite's `PRAGMA wal_checkpoint`. */
export interface CheckpointState {
  /** 1 when another connection prevented the end of the checkpoint, otherwise 0. */
  readonly busy: number;
  /** Number of pages in the write-ahead log; -1 when another connection runs a checkpoint. */
  readonly log: number;
  /**
   * Number of pages that were copied from the write-ahead log into the file. Less than `log` when a reader uses an
   * older state.
   */
  readonly checkpointed: number;
}

/** Thread that copies the write-ahead log into the database file. The thread has its own connections. */
export class CheckpointThread {
  readonly #thread: RequestThread<ThreadAnswer>;
  readonly #mutex = new Mutex();

  /**
   * Starts the thread.
   *
   * @throws errors of Node.js when the thread cannot be started.
   */
  constructor(driver: SqliteDriver) {
    assertSpareDescriptors();
    this.#thread = new RequestThread('checkpoint', driver, checkpointProgram);
  }

  /**
   * Runs a checkpoint after all earlier checkpoints of the thread. Returns undefined when SQLite could not run the
   * checkpoint, or when the path leads to other files than the expected ones.
   *
   * @throws when the thread has ended.
   */
  run(job: CheckpointJob): Promise<CheckpointState | undefined> {
    return this.#mutex.runExclusive(async () => (await this.#ask(job)).state);
  }

  /**
   * Runs a checkpoint of the mode `restart`, as {@link run} does. The caller holds the mutex of the writers. If no other
   * connection commits meanwhile, `version` is the same afterwards, although `PRAGMA data_version` is another one.
   */
  async restart(job: CheckpointJob, version: DataVersion): Promise<CheckpointState | undefined> {
    if (!version.isUsed) return this.run(job);
    return this.#mutex.runExclusive(async () => {
      // The connection of the thread runs the restart, so its own data version shows only the commits of others. Both
      // versions are read between `watch` and `verify`, so they differ only by the restart if `verify` finds no commit.
      await this.#ask({ ...job, mode: 'watch' });
      const earlier = currentOf(version);
      const { state } = await this.#ask(job);
      const later = currentOf(version);
      const { isUnchanged = false } = await this.#ask({ ...job, mode: 'verify' });
      if (isUnchanged && earlier !== undefined && later !== undefined) version.restore(earlier, later);
      return state;
    });
  }

  async #ask(request: ThreadRequest): Promise<ThreadAnswer> {
    // Keeps the process alive during the checkpoint, because writers may wait for the checkpoint.
    this.#thread.ref();
    try {
      return await this.#thread.ask(request);
    } finally {
      this.#thread.unref();
    }
  }

  /** Ends the thread after the running checkpoint, which cannot be aborted. Waiting calls fail. */
  close(): Promise<void> {
    return this.#thread.close(new Error('the checkpoint thread was closed'));
  }
}

// Returns the present version; undefined when the writing connection cannot be read, for example because it was closed.
function currentOf(version: DataVersion): number | undefined {
  try {
    return version.current();
  } catch {
    return undefined;
  }
}

/** Reports whether this process can write to the file at `path`. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Copies a large write-ahead log that a killed process has left into the database file, and empties the log. Without
 * this, the first connection would read the whole log and block the event loop. Does nothing when no thread can be
 * started.
 */
export async function emptyLargeLog(path: string, driver: SqliteDriver): Promise<void> {
  const real = realPathOf(path);
  if (sizeOf(`${real}-wal`) < largeLogBytes || !isWritable(real)) return;
  const { database, log, index } = filesAt(real);
  const files = [
    [path, database],
    [real, database],
    [`${real}-wal`, log],
    [`${real}-shm`, index],
  ] as const;
  let thread: CheckpointThread | undefined;
  try {
    thread = new CheckpointThread(driver);
    // Omits a missing file, because the thread creates the -shm file if necessary.
    const present = files.filter(([, identity]) => identity !== missingFile);
    await thread.run({ path: real, files: present, mode: 'empty', timeoutMs: 0 });
  } catch {
    // Ignores the error: opening the database reads the write-ahead log itself, and reports its errors.
  } finally {
    await thread?.close();
  }
}
