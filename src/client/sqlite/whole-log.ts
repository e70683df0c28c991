import type { Database } from 'better-sqlite3';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../errors/failure';
import { whileBusy } from './busy';
import { sizeOf } from './file-identity';
import { pathOf } from './sqlite-connection';

const headerBytes = 32;
const frameHeaderBytes = 24;
const intervalMs = 5;

interface LogState {
  /** How many pages the log holds, as its index says; -1 where there is no log. */
  readonly log: number;
}

/**
 * Fails when the log holds less than its index says. The log was removed while another process has the database open: what
 * that process has written is in a file without a name until it copies it into the database, which it does at its next
 * call. To read or write before that would destroy changes.
 *
 * @throws UNAVAILABLE
 */
export async function assertWholeLog(driver: Database, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  // Another process may be emptying the log between the two looks.
  for (let attempt = 1; !(await whileBusy(timeoutMs, () => isWhole(driver))); attempt += 1) {
    if (attempt >= 3 && performance.now() + intervalMs > deadline) {
      throw new Failure('UNAVAILABLE', 'the write-ahead log was removed while another process has the database open');
    }
    await sleep(intervalMs);
  }
}

function isWhole(driver: Database): boolean {
  const pageSize = Number(driver.pragma('page_size', { simple: true }));
  // NOOP only reports.
  const [state] = driver.pragma('wal_checkpoint(NOOP)') as readonly LogState[];
  const pages = state?.log ?? 0;
  return pages <= 0 || sizeOf(`${pathOf(driver)}-wal`) >= headerBytes + pages * (frameHeaderBytes + pageSize);
}
