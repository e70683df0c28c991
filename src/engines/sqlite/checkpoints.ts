import type { Mutex } from '../../runtime/mutex';
import {
  CheckpointThread,
  isWritable,
  largeLogBytes,
  type CheckpointJob,
  type CheckpointState,
} from './checkpoint-thread';
import { journalSizeLimit, type SqliteConnection } from './connection';
import type { SqliteDriver } from './driver/driver';
import type { FileGuard } from './file-guard';
import { sizeOf } from './file-identity';

// Read when the module loads: fake timers of an application's test must not stop the checkpoints.
const { setTimeout, clearTimeout } = globalThis;

/** Settings of the checkpoints of one database. */
export interface CheckpointSettings {
  /** Maximum size of the log in bytes, unless a reader holds a snapshot. */
  readonly maxWalBytes: number;
  /** Logs a warning. */
  readonly warn: (message: string, details: object) => void;
}

/** Used when a database is opened without settings. */
export const defaultCheckpointSettings: CheckpointSettings = { maxWalBytes: 67_108_864, warn: () => undefined };

/** Parts of the database that the checkpoints use. */
interface Target {
  readonly path: string;
  readonly driver: SqliteDriver;
  readonly writer: SqliteConnection;
  readonly guard: FileGuard;
  /** Mutex of the writers of this process. */
  readonly mutex: Mutex;
}

/** Number of bytes that are written to the log between two checkpoints that wait for nobody. */
const maxPassBytes = 16_777_216;
/** Time after the last write in milliseconds, after which the log is copied. */
const idleMs = 1000;
/** Interval in milliseconds in which the log is copied while a reader prevents it. */
const retryMs = 250;
/** Maximum time in milliseconds that writers wait for readers of the log, and for writers of other processes. */
const holdMs = 100;
/** The same when the log approaches its maximum size. */
const longHoldMs = 1000;
/** Maximum number of checkpoints in a row, each of which copies what was written during the one before. */
const maxPasses = 4;

const overLimit = 'the write-ahead log is larger than maxWalBytes because a reader holds an old snapshot';

/**
 * Decides when the write-ahead log of a database is copied into its file. A thread copies it while others read and
 * write. When the log is large, writers wait until the thread has copied the rest and emptied the log: otherwise they
 * would append to it forever. Without a thread, SQLite itself copies the log inside of commits.
 */
export class Checkpoints {
  readonly #target: Target;
  readonly #settings: CheckpointSettings;
  /**
   * Sizes of the log at which the thread starts, the log is copied, it is emptied, writers wait for the running
   * checkpoint, and the log is too large.
   */
  readonly #bytes: Readonly<Record<'start' | 'pass' | 'restart' | 'hold' | 'max', number>>;
  #thread: CheckpointThread | undefined;
  #isOff = false;
  #pass: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastWriteMs = 0;
  /** Size of the log after the last write, and at the beginning of the last checkpoint. */
  #size = 0;
  #sizeAtPass = 0;
  /** Size of the log at which the next checkpoint begins. */
  #nextBytes = 0;
  /** True when the log is large and the last checkpoint has copied it. */
  #isRestartDue = false;
  /** Number of copied pages when a reader prevented the last checkpoint from copying the log to its end. */
  #blockedAt: number | undefined;
  /** True when the last two checkpoints ended at the same page, so that a further one is short. */
  #isStuck = false;
  #isOverLimit = false;

  constructor(target: Target, settings: CheckpointSettings) {
    this.#target = target;
    this.#settings = settings;
    const max = settings.maxWalBytes;
    const [start, pass] = [Math.min(largeLogBytes, max / 4), Math.min(maxPassBytes, max / 4)];
    this.#bytes = { start, pass, restart: max / 2, hold: (max / 4) * 3, max };
    target.writer.driver.pragma('wal_autocheckpoint = 0');
  }

  /** Warnings about the present size of the log. */
  get warnings(): readonly string[] {
    return this.#isOverLimit ? [overLimit] : [];
  }

  /**
   * Starts a checkpoint when the log needs one. Call it at the end of each write, while the caller holds the mutex.
   *
   * @returns undefined, or a promise for which the next writer has to wait. It does not reject.
   */
  afterWrite(): Promise<void> | undefined {
    if (this.#isOff) return undefined;
    const size = this.#readSize();
    if (this.#thread === undefined && size < this.#bytes.start) return undefined;
    this.#lastWriteMs = performance.now();
    this.#schedule(idleMs);
    const { pass, restart, hold, max } = this.#bytes;
    if (this.#pass !== undefined) {
      // A log that has exceeded its maximum size takes long to copy, and the writers could not reduce it by waiting.
      const mustWait = size >= hold && this.#sizeAtPass <= max && this.#blockedAt === undefined;
      return mustWait ? this.#pass.then(() => this.#restart()) : undefined;
    }
    // A checkpoint that a reader prevents takes less than a millisecond. So the log starts over as soon as the reader
    // has ended, while it is small enough to be copied in a short time.
    if (this.#isRestartDue || (this.#isStuck && size >= pass && size < restart)) return this.#restart();
    if (size >= this.#nextBytes) this.#startPass();
    return undefined;
  }

  /** Copies the log for the last time, and ends the thread. No call may be in flight. */
  async close(): Promise<void> {
    this.#stop();
    if (this.#thread === undefined) return;
    await this.#run('empty', 0);
    await this.#thread.close();
  }

  /** Ends the thread without waiting for its present checkpoint. */
  terminate(): void {
    this.#stop();
    void this.#thread?.close();
  }

  #stop(): void {
    this.#isOff = true;
    clearTimeout(this.#timer);
  }

  #readSize(): number {
    const size = sizeOf(`${this.#target.path}-wal`);
    // The log has started over.
    if (size < this.#size) this.#forget();
    this.#size = size;
    return size;
  }

  #forget(): void {
    this.#nextBytes = this.#bytes.pass;
    this.#blockedAt = undefined;
    this.#isStuck = false;
    this.#isRestartDue = false;
    this.#isOverLimit = false;
  }

  #schedule(delayMs: number): void {
    if (this.#isOff) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const restMs = this.#blockedAt === undefined ? this.#lastWriteMs + idleMs - performance.now() : 0;
      if (restMs > 0) this.#schedule(restMs);
      else if (this.#pass === undefined) this.#startPass();
      else this.#schedule(retryMs);
    }, delayMs).unref();
  }

  #startPass(): void {
    this.#pass = this.#copy().finally(() => (this.#pass = undefined));
  }

  // Waits for nobody. Repeats itself while the rest of the log is large, so that writers wait for a short time only.
  async #copy(): Promise<void> {
    const { pass, restart } = this.#bytes;
    const startMs = performance.now();
    for (let passes = 1; passes <= maxPasses && !this.#isOff; passes += 1) {
      this.#sizeAtPass = this.#readSize();
      // The next writer starts a log over that was copied. Truncating a large one would block the event loop.
      if (this.#sizeAtPass >= restart) this.#limitLog(-1);
      this.#evaluate(await this.#run('copy', 0), this.#sizeAtPass);
      if (this.#blockedAt !== undefined || this.#readSize() - this.#sizeAtPass <= pass / 4) break;
      if (this.#size < restart) break;
    }
    // The next writer would start the log over, and wait for the disk.
    const isIdle = this.#blockedAt === undefined && this.#lastWriteMs < startMs;
    if (this.#isOff || !(this.#isRestartDue || isIdle) || !this.#target.mutex.tryAcquire()) return;
    await this.#restart();
    this.#target.mutex.release();
  }

  /** Copies the rest of the log, and empties it. The caller holds the mutex, so that no call of this process writes. */
  async #restart(): Promise<void> {
    if (this.#isOff) return;
    const timeoutMs = this.#readSize() < this.#bytes.hold ? holdMs : longHoldMs;
    const state = await this.#run('restart', this.#blockedAt === undefined ? timeoutMs : 0);
    this.#evaluate(state, this.#readSize());
    // Not again at once when it failed.
    this.#isRestartDue = false;
    if (state?.busy === 0) this.#limitLog(journalSizeLimit);
  }

  /** @param size - size of the log at the beginning of the checkpoint. */
  #evaluate(state: CheckpointState | undefined, size: number): void {
    const { pass, restart, max } = this.#bytes;
    if (state === undefined || state.log < 0) {
      this.#nextBytes = size + pass / 4;
      // Another connection may have begun its checkpoint before the last write.
      if (state !== undefined) this.#schedule(idleMs);
      return;
    }
    if (state.checkpointed === state.log) {
      this.#forget();
      this.#nextBytes = size + (state.busy === 0 ? pass : pass / 4);
      this.#isRestartDue = size >= restart;
      return;
    }
    this.#isStuck = this.#blockedAt === state.checkpointed;
    // At once for the first time: shows whether the reader stays.
    this.#nextBytes = this.#blockedAt === undefined ? 0 : size + pass / 4;
    this.#blockedAt = state.checkpointed;
    this.#schedule(retryMs);
    if (size <= max || this.#isOverLimit) return;
    this.#isOverLimit = true;
    this.#settings.warn(overLimit, { walBytes: size, maxWalBytes: max });
  }

  async #run(mode: CheckpointJob['mode'], timeoutMs: number): Promise<CheckpointState | undefined> {
    const { path, guard } = this.#target;
    if (guard.compare() !== 'in-place' || !isWritable(path)) return undefined;
    try {
      this.#thread ??= new CheckpointThread(this.#target.driver);
      return await this.#thread.run({ path, files: guard.expected, mode, timeoutMs });
    } catch {
      if (!this.#isOff) this.#leaveToSqlite();
      return undefined;
    }
  }

  #leaveToSqlite(): void {
    this.#stop();
    this.#limitLog(journalSizeLimit);
    if (this.#target.writer.driver.open) this.#target.writer.driver.pragma('wal_autocheckpoint = 1000');
    this.#settings.warn('checkpoints block the event loop: their thread could not be started, or has ended', {});
  }

  #limitLog(bytes: number): void {
    const { driver } = this.#target.writer;
    if (driver.open) driver.pragma(`journal_size_limit = ${bytes}`);
  }
}
