import { accessSync, constants } from 'node:fs';
import { Mutex } from '../../runtime/mutex';
import { assertSpareDescriptors } from '../../runtime/spare-descriptors';
import type { SqliteDriver } from './driver/driver';
import { filesAt } from './file-guard';
import { missingFile, realPathOf, sizeOf, type FileIdentity } from './file-identity';
import { RequestThread } from './request-thread';

/** Size of the write-ahead log in bytes at which SQLite itself begins checkpoints: 1000 pages. */
export const largeLogBytes = 4_194_304;

// Source text of the checkpoint thread. A checkpoint with the write-ahead log of another file would destroy the
// database. Therefore the thread compares the files with the expected ones before and after it opens them. It closes
// the read-only connection last: the last connection to close copies the log into the file, unless it cannot write.
// Setting `user_version` to its present value is the smallest possible commit.
const program = `
  const { statSync } = require('node:fs');
  const { parentPort } = require('node:worker_threads');
  const identityOf = (name) => {
    const { dev, ino } = statSync(name, { bigint: true, throwIfNoEntry: false }) ?? {};
    return dev + ':' + ino;
  };
  const beginLog = (writer) => {
    writer.exec('BEGIN IMMEDIATE');
    writer.pragma('user_version = ' + writer.pragma('user_version', { simple: true }));
    writer.exec('COMMIT');
  };
  const checkpoint = ({ path, files, mode, timeoutMs }) => {
    const isInPlace = () => files.every(([name, identity]) => identityOf(name) === identity);
    if (!isInPlace()) return;
    const reader = new Driver(path, { readonly: true, fileMustExist: true, timeout: timeoutMs });
    try {
      if (reader.pragma('encoding', { simple: true }) !== 'UTF-8') return;
      const writer = new Driver(path, { fileMustExist: true, timeout: timeoutMs });
      try {
        writer.pragma('synchronous = NORMAL');
        writer.pragma('user_version');
        if (!isInPlace()) return;
        const [state] = writer.pragma('wal_checkpoint(' + (mode === 'copy' ? 'PASSIVE' : 'TRUNCATE') + ')');
        if (mode === 'restart' && state.busy === 0) beginLog(writer);
        return state;
      } finally {
        writer.close();
      }
    } finally {
      reader.close();
    }
  };
  parentPort.on('message', (job) => {
    let state;
    try {
      state = checkpoint(job);
    } catch (error) {
      if (!/^(UNKNOWN_)?SQLITE_/.test(error.code)) throw error;
    }
    parentPort.postMessage({ state });
  });
`;

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
  readonly #thread: RequestThread<{ readonly state?: CheckpointState }>;
  readonly #mutex = new Mutex();

  /**
   * Starts the thread.
   *
   * @throws errors of Node.js when the thread cannot be started.
   */
  constructor(driver: SqliteDriver) {
    assertSpareDescriptors();
    this.#thread = new RequestThread('checkpoint', driver, program);
  }

  /**
   * Runs a checkpoint after all earlier checkpoints of the thread. Returns undefined when SQLite could not run the
   * checkpoint, or when the path leads to other files than the expected ones.
   *
   * @throws when the thread has ended.
   */
  run(job: CheckpointJob): Promise<CheckpointState | undefined> {
    return this.#mutex.runExclusive(async () => {
      // Keeps the process alive during the checkpoint, because writers may wait for the checkpoint.
      this.#thread.ref();
      try {
        return (await this.#thread.ask(job)).state;
      } finally {
        this.#thread.unref();
      }
    });
  }

  /** Ends the thread after the running checkpoint, which cannot be aborted. Waiting calls fail. */
  close(): Promise<void> {
    return this.#thread.close(new Error('the checkpoint thread was closed'));
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
