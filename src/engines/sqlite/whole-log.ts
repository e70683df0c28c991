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
  /** Number of pages of the log according to the -shm file; -1 when there is no log. */
  readonly log: number;
}

/**
 * Fails when the log is shorter than the -shm file says. Then the log was removed while another process has the
 * database open. The changes of the other process are in the removed log, until its next call copies them into the
 * database. Reading or writing before that would destroy these changes.
 *
 * @throws UNAVAILABLE in this case
 */
export async function assertWholeLog(driver: DriverConnection, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  // Tries several times, because another process may truncate the log while `isWhole` compares it with the -shm file.
  for (let attempt = 1; !(await whileBusy(timeoutMs, () => isWhole(driver))); attempt += 1) {
    if (attempt >= 3 && performance.now() + intervalMs > deadline) {
      throw new Failure('UNAVAILABLE', 'the write-ahead log was removed while another process has the database open');
    }
    await sleep(intervalMs);
  }
}

function isWhole(driver: DriverConnection): boolean {
  const pageSize = Number(driver.pragma('page_size', { simple: true }));
  // With NOOP, the checkpoint copies nothing, and only reports the number of pages. SQLite documents the column `log`.
  const [state] = driver.pragma('wal_checkpoint(NOOP)') as readonly LogState[];
  const pages = state?.log ?? 0;
  return pages <= 0 || sizeOf(`${pathOf(driver)}-wal`) >= headerBytes + pages * (frameHeaderBytes + pageSize);
}
