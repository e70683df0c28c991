import { rm } from 'node:fs/promises';
import type { SqliteLocation } from '../../options/database-url';
import { Failure } from '../../errors/failure';

/** Removes a database with the files that SQLite keeps beside it; none of them need be there. */
export async function removeSqliteFiles(location: SqliteLocation): Promise<void> {
  if (location.kind === 'memory') return;
  try {
    // The database first: an older log must never be replayed into a newer database.
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(location.path + suffix, { force: true });
  } catch (cause) {
    throw new Failure('UNAVAILABLE', 'the files of the database could not be removed', { cause });
  }
}
