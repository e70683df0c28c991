import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** A file system in memory, because a disk would take most of the time of the tests. */
const inMemory = '/dev/shm';
const enoughBytes = 4 * 2 ** 30;

/** Directory for the databases and servers of tests. */
export const scratch = hasRoom(inMemory) ? inMemory : tmpdir();

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize > enoughBytes;
  } catch {
    return false;
  }
}
