import { realpathSync, statSync } from 'node:fs';

/** Identity of a file as SQLite compares it: device and inode. */
export type FileIdentity = string;

/** Identity of a file that does not exist, or that cannot be reached. */
export const missingFile: FileIdentity = 'missing';

/** Returns the identity of the file that `path` leads to. Follows symbolic links. Takes about two microseconds. */
export function identityOf(path: string): FileIdentity {
  // Treats a file that cannot be reached, for example because of the permissions of its directory, as missing. SQLite
  // cannot open it.
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return missingFile;
    // Uses bigint for large inode numbers, because a JavaScript number would round them. Some file systems have 64-bit
    // inode numbers.
    if (Number.isSafeInteger(stats.ino)) return `${stats.dev}:${stats.ino}`;
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return missingFile;
  }
}

/** Returns the size of a file in bytes; 0 when the file does not exist or cannot be reached. */
export function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** Returns `path` with symbolic links resolved. Returns `path` unchanged when no file exists there. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
