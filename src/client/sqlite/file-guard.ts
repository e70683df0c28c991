import { statSync } from 'node:fs';
import { Failure } from '../../errors/failure';

/** For how long a look at the files holds: it takes some microseconds, and the smallest write takes a hundred. */
const intervalMs = 10;

/**
 * Notices that a database's file, or its write-ahead log, is not the one any more that was opened: that it was removed,
 * moved away or replaced. On POSIX systems SQLite would go on with the file that has no name any more, and acknowledge
 * writes that nobody will ever find. A file is told by its device and its inode, much as SQLite does where it looks.
 */
export class FileGuard {
  readonly #paths: readonly string[];
  readonly #identities: readonly string[];
  #nextLookMs = 0;
  #wasInPlace = true;

  /** @param path - of a database in WAL mode that is open: its log is there, too. */
  constructor(path: string) {
    this.#paths = [path, `${path}-wal`];
    this.#identities = this.#paths.map(identityOf);
  }

  /** Looks at the files, unless that was done a moment ago. */
  assertInPlace(): void {
    const now = performance.now();
    if (now < this.#nextLookMs) return;
    if (!this.isInPlace()) throw notInPlace();
    this.#nextLookMs = now + intervalMs;
  }

  /** Looks at the files. */
  isInPlace(): boolean {
    this.#wasInPlace = this.#paths.every((path, index) => identityOf(path) === this.#identities[index]);
    return this.#wasInPlace;
  }

  /** What the last look has found. */
  get wasInPlace(): boolean {
    return this.#wasInPlace;
  }
}

function identityOf(path: string): string {
  // What cannot be looked at for another reason, such as a directory's mode, is not there for anybody else either.
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return 'none';
  }
}

function notInPlace(): Failure {
  const message = 'the file of the database was removed or replaced; close and initialize open what is there now';
  // As long as that is not done, it is of no use to try again.
  return new Failure('UNAVAILABLE', message, { retryable: false });
}
