import { existsSync, renameSync } from 'node:fs';
import { DatabaseService } from '../../src';

/**
 * Returns the path of an empty database of the package's schema to copy. The first test of a run that needs it creates
 * it: applying the migrations to each new database takes five times as long as copying it.
 */
export async function sqliteTemplate(): Promise<string> {
  // jest.config.ts sets the variable once for each run, and the workers inherit it.
  const { TEST_SQLITE_TEMPLATE: path } = process.env;
  if (path === undefined) throw new Error('TEST_SQLITE_TEMPLATE is not set');
  if (existsSync(path)) return path;
  // Several workers may create the file at the same time; all of their files are equal.
  const own = `${path}.${process.pid}`;
  const db = new DatabaseService({ url: `file:${own}` });
  await db.initialize();
  await db.close();
  renameSync(own, path);
  return path;
}
