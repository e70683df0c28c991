import { runInThisContext } from 'node:vm';
import type * as Package from '../../src';
import type * as Failures from '../../src/errors/failure';
import { eventInput } from '../support/factories';
import { soundReport } from '../support/sound-database';
import { afterTest, newDatabaseUrl } from '../support/test-database';

/** Loads another copy of modules over the same native binary, as a hot reload does. */
function loadCopy<T extends object>(load: () => T): T {
  const copies: T[] = [];
  jest.isolateModules(() => void copies.push(load()));
  const [copy] = copies;
  if (copy === undefined) throw new Error('the copy was not loaded');
  return copy;
}

const loadPackage = (): typeof Package => jest.requireActual('../../src');
const loadFailures = (): typeof Failures => jest.requireActual('../../src/errors/failure');

async function openCopy(url: string): Promise<Package.DatabaseService> {
  const { DatabaseService } = loadCopy(loadPackage);
  const db = new DatabaseService({ url });
  afterTest(() => db.close());
  await db.initialize();
  return db;
}

describe('two copies of the package with the same native binary', () => {
  test('two copies of the package with the same native binary can share a database file', async () => {
    const url = await newDatabaseUrl();
    const [first, second] = [await openCopy(url), await openCopy(url)];
    expect(first.constructor).not.toBe(second.constructor);
    await Promise.all([first, second, first].map((db) => db.recordSecurityEvent(eventInput())));
    expect(await second.events.count({})).toBe(3);
    await first.close();
    await second.recordSecurityEvent(eventInput());
    expect(await second.check()).toEqual(soundReport);
  });

  test('two copies of the package leave no entry in the registry of open files after their databases are closed', async () => {
    const registry = (): unknown =>
      (runInThisContext('globalThis') as Record<symbol, unknown>)[Symbol.for('ans-database.openSqliteFiles')];
    const url = await newDatabaseUrl();
    const databases = [await openCopy(url), await openCopy(url)];
    const before = (registry() as Map<string, unknown>).size;
    for (const db of databases) await db.close();
    expect((registry() as Map<string, unknown>).size).toBe(before - 1);
  });

  test('two copies of the package recognise each other’s errors', () => {
    const [first, second] = [loadCopy(loadFailures), loadCopy(loadFailures)];
    expect(first.Failure).not.toBe(second.Failure);
    expect(first.isFailure(second.invalidInput('id', 'must not be empty'))).toBe(true);
    expect(first.isFailure(new Error('id'))).toBe(false);
  });
});
