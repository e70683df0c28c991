import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../errors/failure';
import { realPathOf, sizeOf } from './file-identity';

const attempts = 3;
const intervalMs = 5;

/**
 * Fails when the write-ahead log beside the file at `path` belongs to another database file. This happens when another
 * file had this name before, and a process still has that file open. SQLite would apply the log to the wrong file. The
 * other process saves and empties its log at its next call.
 *
 * Works only on Linux, which lists the locks of files. Does not detect processes in another container.
 *
 * @throws UNAVAILABLE when the log belongs to another file
 */
export async function assertOwnLog(path: string): Promise<void> {
  const real = realPathOf(path);
  // Tries several times, because the list of locks is not an atomic snapshot. A process may be opening or closing the
  // file.
  for (let attempt = 1; isLogOfAnother(real); attempt += 1) {
    if (attempt === attempts) {
      const message =
        'the write-ahead log beside the file belongs to another database file that a process still has open';
      throw new Failure('UNAVAILABLE', message);
    }
    await sleep(intervalMs);
  }
}

/**
 * Reports whether the write-ahead log belongs to another database file. A process that has a database open holds locks
 * on the database file and on the -shm file. So a locked -shm file beside an unlocked database file belongs to another
 * file.
 */
function isLogOfAnother(path: string): boolean {
  if (sizeOf(`${path}-wal`) === 0) return false;
  const locks = readLocks();
  return isLocked(`${path}-shm`, locks) && !isLocked(path, locks);
}

function isLocked(path: string, locks: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats === undefined) return false;
  const { dev, ino } = stats;
  // Combines the major and the minor number of a device as Linux does.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  const [majorText, minorText] = [major, minor].map((number) => number.toString(16).padStart(2, '0'));
  return locks.includes(` ${majorText}:${minorText}:${ino} `);
}

function readLocks(): string {
  try {
    return readFileSync('/proc/locks', 'utf8');
  } catch {
    return '';
  }
}
