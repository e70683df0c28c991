import type { Mutex } from '../../runtime/mutex';
import {
  maxCopyBytes,
  idleMs,
  retryMs,
  holdMs,
  longHoldMs,
  maxCopies,
  overLimit,
  type CheckpointSettings,
} from './checkpoint-settings';
import {
  CheckpointThread,
  isWritable,
  largeLogBytes,
  type CheckpointJob,
  type CheckpointState,
} from './checkpoint-thread';
import { journalSizeLimit, type SqliteConnection } from './connection';
import type { DataVersion } from './data-version';
import type { SqliteDriver } from './driver/driver';
import type { FileGuard } from './file-guard';
import { sizeOf } from './file-identity';

// Keeps the original functions. Fake timers in a test of the application would stop the checkpoints.
const { setTimeout, clearTimeout } = globalThis;

/** Parts of a SQLite database that its checkpoints need. */
interface Target {
  readonly path: string;
  readonly driver: SqliteDriver;
  readonly writer: SqliteConnection;
  readonly guard: FileGuard;
  readonly version: DataVersion;
  /** Mutex of the writers of this process. */
  readonly mutex: Mutex;
}

/**
 * Decides when the write-ahead log is copied into the database file. A thread copies the log while other calls read and
 * write. When the log is large, writers wait until the thread has copied the rest and restarted the log. Without a
 * restart, the log would grow forever. If there is no thread, SQLite itself copies the log during commits.
 */
export class Checkpoints {
  readonly #target: Target;
  readonly #settings: CheckpointSettings;
  /** Sizes of the write-ahead log in bytes: when to start the thread, copy, restart, make writers wait, or warn. */
  readonly #bytes: Readonly<Record<'start' | 'copy' | 'restart' | 'hold' | 'max', number>>;
  #thread: CheckpointThread | undefined;
  #isOff = false;
  #copying: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastWriteMs = 0;
  /** Size of the write-ahead log in bytes after the last write. `#sizeAtCopy` is its size when the last copy began. */
  #size = 0;
  #sizeAtCopy = 0;
  /** Size in bytes that the write-ahead log must reach before the next copy. */
  #nextBytes = 0;
  /** True when the write-ahead log is large and was copied to its end, so that it can be restarted. */
  #isRestartDue = false;
  /** Number of copied pages when a reader stopped the last copy. Undefined when the whole log was copied. */
  #blockedAt: number | undefined;
  /** True when the last two copies of the write-ahead log stopped at the same page. A new attempt is quick then. */
  #isStuck = false;
  #isOverLimit = false;

  constructor(target: Target, settings: CheckpointSettings) {
    this.#target = target;
    this.#settings = settings;
    const max = settings.maxWalBytes;
    const [start, copy] = [Math.min(largeLogBytes, max / 4), Math.min(maxCopyBytes, max / 4)];
    this.#bytes = { start, copy, restart: max / 2, hold: (max / 4) * 3, max };
    target.writer.driver.pragma('wal_autocheckpoint = 0');
  }

  /** Warnings about the present size of the write-ahead log. */
  get warnings(): readonly string[] {
    return this.#isOverLimit ? [overLimit] : [];
  }

  /**
   * Starts a due copy or restart of the write-ahead log. Call this after each write, before you release the mutex.
   *
   * @returns a promise that the next writer must await; undefined when no wait is necessary. The promise never rejects.
   */
  afterWrite(): Promise<unknown> | undefined {
    if (this.#isOff) return undefined;
    const size = this.#readSize();
    if (this.#thread === undefined && size < this.#bytes.start) return undefined;
    this.#lastWriteMs = performance.now();
    this.#schedule(idleMs);
    const { copy, restart, hold, max } = this.#bytes;
    if (this.#copying !== undefined) {
      // Writers do not wait if the write-ahead log exceeds its maximum size, because copying then takes too long.
      const mustWait = size >= hold && this.#sizeAtCopy <= max && this.#blockedAt === undefined;
      return mustWait ? this.#copying.then(() => this.#restart()) : undefined;
    }
    // While a reader prevents the copy, an attempt takes less than a millisecond. So each write tries to restart the
    // log.
    if (this.#isRestartDue || (this.#isStuck && size >= copy && size < restart)) return this.#restart();
    if (size >= this.#nextBytes) this.#startCopy();
    return undefined;
  }

  /**
   * Copies the write-ahead log while writers continue. Then copies the rest and restarts the log, while writers wait.
   * Returns false when a reader or another process prevents the restart, or when there is no thread.
   */
  async checkpoint(): Promise<boolean> {
    await this.#copying;
    if (!this.#isOff) this.#startCopy();
    await this.#copying;
    return this.#target.mutex.runExclusive(async () => {
      // Waits again, because another copy may have begun meanwhile: a copy does not need the mutex.
      await this.#copying;
      return (await this.#restart())?.busy === 0;
    });
  }

  /** Copies the write-ahead log for the last time, and ends the thread. Call this method when no call is in flight. */
  async close(): Promise<void> {
    this.#stop();
    if (this.#thread === undefined) return;
    await this.#run('empty', 0);
    await this.#thread.close();
  }

  /** Ends the thread without waiting for its running checkpoint. */
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
    // A write-ahead log that is smaller than before was restarted.
    if (size < this.#size) this.#forget();
    this.#size = size;
    return size;
  }

  #forget(): void {
    this.#nextBytes = this.#bytes.copy;
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
      else if (this.#copying === undefined) this.#startCopy();
      else this.#schedule(retryMs);
    }, delayMs).unref();
  }

  #startCopy(): void {
    this.#copying = this.#copy().finally(() => (this.#copying = undefined));
  }

  // Copies the write-ahead log while writers continue. Repeats the copy if much was written, to make a restart short.
  async #copy(): Promise<void> {
    const { copy, restart } = this.#bytes;
    const startMs = performance.now();
    for (let copies = 1; copies <= maxCopies && !this.#isOff; copies += 1) {
      this.#sizeAtCopy = this.#readSize();
      // Keeps the next writer from truncating a large write-ahead log, which would block the event loop.
      if (this.#sizeAtCopy >= restart) this.#limitLog(-1);
      this.#evaluate(await this.#run('copy', 0), this.#sizeAtCopy);
      if (this.#blockedAt !== undefined || this.#readSize() - this.#sizeAtCopy <= copy / 4) break;
      if (this.#size < restart) break;
    }
    // Restarts the write-ahead log here, because a restart by the next writer would block the event loop.
    const isIdle = this.#blockedAt === undefined && this.#lastWriteMs < startMs;
    if (this.#isOff || !(this.#isRestartDue || isIdle) || !this.#target.mutex.tryAcquire()) return;
    await this.#restart();
    this.#target.mutex.release();
  }

  /** Copies the rest of the write-ahead log, and restarts the log. The caller must hold the mutex of the writers. */
  async #restart(): Promise<CheckpointState | undefined> {
    if (this.#isOff) return undefined;
    const timeoutMs = this.#readSize() < this.#bytes.hold ? holdMs : longHoldMs;
    const state = await this.#run('restart', this.#blockedAt === undefined ? timeoutMs : 0);
    this.#evaluate(state, this.#readSize());
    // Does not repeat a failed restart at the next write.
    this.#isRestartDue = false;
    if (state?.busy === 0) this.#limitLog(journalSizeLimit);
    return state;
  }

  /** Decides when to copy the write-ahead log again. `size` is its size in bytes when the checkpoint began. */
  #evaluate(state: CheckpointState | undefined, size: number): void {
    const { copy, restart, max } = this.#bytes;
    if (state === undefined || state.log < 0) {
      this.#nextBytes = size + copy / 4;
      // Schedules a copy: another connection is running a checkpoint, which may have begun before the last write.
      if (state !== undefined) this.#schedule(idleMs);
      return;
    }
    if (state.checkpointed === state.log) {
      this.#forget();
      this.#nextBytes = size + (state.busy === 0 ? copy : copy / 4);
      this.#isRestartDue = size >= restart;
      return;
    }
    this.#isStuck = this.#blockedAt === state.checkpointed;
    // Tries again at the next write after the first blocked copy, which shows whether the reader stays.
    this.#nextBytes = this.#blockedAt === undefined ? 0 : size + copy / 4;
    this.#blockedAt = state.checkpointed;
    this.#schedule(retryMs);
    if (size <= max || this.#isOverLimit) return;
    this.#isOverLimit = true;
    this.#settings.warn(overLimit, { walBytes: size, maxWalBytes: max });
  }

  async #run(mode: CheckpointJob['mode'], timeoutMs: number): Promise<CheckpointState | undefined> {
    const { path, guard, version } = this.#target;
    if (guard.compare() !== 'in-place' || !isWritable(path)) return undefined;
    try {
      this.#thread ??= new CheckpointThread(this.#target.driver);
      const job = { path, files: guard.expected, mode, timeoutMs };
      return await (mode === 'restart' ? this.#thread.restart(job, version) : this.#thread.run(job));
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
