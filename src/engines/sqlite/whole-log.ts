import type { DriverConnection } from './driver/driver';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../errors/failure';
import { whileBusy } from './busy';
import { sizeOf } from './file-identity';
import { pathOf } from './connection';

const headerBytes = 32;
const frameHeaderBytes = 24;
const intervalMs = 5;

interface LogState {
  /** Number of pages of the write-ahead log, as the -shm file says; -1 when there is no log. */
  readonly log: number;
}

/**
 * Fails when the write-ahead log is shorter than the -shm file says: somebody has removed the log while a process has
 * the database open. That process still has its changes in the removed log, and copies them into the database at its
 * next call. Reading or writing before then would destroy these changes.
 *
 * @throws UNAVAILABLE when the log is too short
 */
export async function assertWholeLog(driver: DriverConnection, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  // Tries several times, because another process may truncate the write-ahead log while `isWhole` compares its size
  // with the -shm file.
  for (let attempt = 1; !(await whileBusy(timeoutMs, () => isWhole(driver))); attempt += 1) {
    if (attempt >= 3 && performance.now() + intervalMs > deadline) {
      throw new Failure('UNAVAILABLE', 'the write-ahead log was removed while another process has the database open');
    }
    await sleep(intervalMs);
  }
}

function isWhole(driver: DriverConnection): boolean {
  const pageSize = Number(driver.pragma('page_size', { simple: true }));
  // The mode NOOP copies nothing, and only reports the number of pages of the write-ahead log.
  const [state] = driver.pragma('wal_checkpoint(NOOP)') as readonly LogState[];
  const pages = state?.log ?? 0;
  return pages <= 0 || sizeOf(`${pathOf(driver)}-wal`) >= headerBytes + pages * (frameHeaderBytes + pageSize);
}
