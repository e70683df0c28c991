import { readFileSync } from 'node:fs';

/** File that is mapped into the memory of this process. */
export interface MappedFile {
  /** Offset in the file at which the mapping begins, in bytes. */
  readonly offset: number;
  readonly isExecutable: boolean;
  readonly path: string;
}

const line = /^\S+ ..(.). ([\da-f]+) \S+ \d+ +(\/.*)$/;

/**
 * Returns the files that any thread and any library of this process has mapped into memory. Returns an empty array on
 * systems without `/proc/self/maps`, which only Linux has.
 *
 * @see https://www.kernel.org/doc/html/latest/filesystems/proc.html
 */
export function mappedFiles(): MappedFile[] {
  return readMaps()
    .split('\n')
    .flatMap((text) => {
      const [, executable, offset = '', path] = line.exec(text) ?? [];
      return path === undefined ? [] : [{ path, offset: parseInt(offset, 16), isExecutable: executable === 'x' }];
    });
}

function readMaps(): string {
  try {
    return readFileSync('/proc/self/maps', 'utf8');
  } catch {
    return '';
  }
}
