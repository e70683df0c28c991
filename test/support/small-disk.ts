import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { scratch } from './scratch';
import { afterTest } from './test-database';
import { unprivilegedUser } from './unprivileged';

/** Returns the reason why no small disk can be mounted; undefined when it can. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a small disk takes root on Linux';
  try {
    new SmallDisk(1).remove();
    return undefined;
  } catch {
    return 'no file system can be mounted';
  }
}

/** Mounts a small disk that is removed after the test. */
export function openSmallDisk(megabytes: number): SmallDisk {
  const disk = new SmallDisk(megabytes);
  afterTest(() => disk.remove());
  return disk;
}

/** A small file system in memory. */
export class SmallDisk {
  readonly path = mkdtempSync(join(scratch, 'ans-disk-'));

  constructor(megabytes: number) {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', this.path], {
        stdio: 'ignore',
      });
    } catch (error) {
      rmdirSync(this.path);
      throw error;
    }
    const { uid, gid } = unprivilegedUser();
    if (uid !== undefined && gid !== undefined) chownSync(this.path, uid, gid);
  }

  /** Fills the disk except for `freeBytes` or a little less. */
  fill(freeBytes = 0): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (const size of [1 << 20, 1 << 12]) this.#writeUntilFull(file, Buffer.alloc(size));
      if (freeBytes > 0) ftruncateSync(file, Math.max(0, fstatSync(file).size - freeBytes));
    } finally {
      closeSync(file);
    }
  }

  /** Frees the filled space. */
  clear(): void {
    rmSync(this.#ballast, { force: true });
  }

  remove(): void {
    // A lazy unmount succeeds even when a failed test has left files open.
    execFileSync('umount', ['-l', this.path], { stdio: 'ignore' });
    rmdirSync(this.path);
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }

  #writeUntilFull(file: number, block: Buffer): void {
    try {
      while (writeSync(file, block) === block.length);
    } catch (error) {
      // In Jest, system errors are not instances of the global Error.
      if (typeof error !== 'object' || error === null || !('code' in error) || error.code !== 'ENOSPC') throw error;
    }
  }
}
