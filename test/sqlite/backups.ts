import { join } from 'node:path';
import type { DatabaseService } from '../../src';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';

export const backupPath = (): string => join(temporaryDirectory(), 'backup.sqlite');

/** Opens a database, and returns it with an empty directory and the path of a file in it. */
export async function openForBackup() {
  const directory = temporaryDirectory();
  return { ...(await openTestDatabase()), directory, path: join(directory, 'b.sqlite') };
}

export async function openCopy(path: string): Promise<DatabaseService> {
  return (await openTestDatabase({ url: `file:${path}` })).db;
}
