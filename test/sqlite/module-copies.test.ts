import { runInThisContext } from 'node:vm';
import type * as Package from '../../src';
import type * as Failures from '../../src/errors/failure';
import { eventInput } from '../support/factories';
import { soundReport } from '../support/sound-database';
import { afterTest, newDatabaseUrl } from '../support/test-database';

/** Another copy of the package's modules, as a hot reload makes one, over the same native binary. */
function loadCopy(): typeof Package {
  let copy: typeof Package | undefined;
  jest.isolateModules(() => {
    copy = jest.requireActual<typeof Package>('../../src');
  });
  if (copy === undefined) throw new Error('The copy was not loaded');
  return copy;
}

async function openCopy(url: string): Promise<Package.DatabaseService> {
  const { DatabaseService } = loadCopy();
  const db = new DatabaseService({ url });
  afterTest(() => db.close());
  await db.initialize();
  return db;
}

describe('copies of the modules over one native binary', () => {
  test('share a database file', async () => {
    const url = await newDatabaseUrl();
    const [first, second] = [await openCopy(url), await openCopy(url)];
    expect(first.constructor).not.toBe(second.constructor);
    await Promise.all([first, second, first].map((db) => db.recordSecurityEvent(eventInput())));
    expect(await second.events.count({})).toBe(3);
    await first.close();
    await second.recordSecurityEvent(eventInput());
    expect(await second.check()).toEqual(soundReport);
  });

  test('leave no entry in the registry of the process after they are closed', async () => {
    const registry = (): unknown =>
      (runInThisContext('globalThis') as Record<symbol, unknown>)[Symbol.for('ans-database.openSqliteFiles')];
    const url = await newDatabaseUrl();
    const databases = [await openCopy(url), await openCopy(url)];
    const before = (registry() as Map<string, unknown>).size;
    for (const db of databases) await db.close();
    expect((registry() as Map<string, unknown>).size).toBe(before - 1);
  });

  test('recognise the failures of each other', () => {
    const load = (): typeof Failures => {
      let copy: typeof Failures | undefined;
      jest.isolateModules(() => (copy = jest.requireActual<typeof Failures>('../../src/errors/failure')));
      if (copy === undefined) throw new Error('The copy was not loaded');
      return copy;
    };
    const [first, second] = [load(), load()];
    expect(first.Failure).not.toBe(second.Failure);
    expect(first.isFailure(second.invalidInput('id', 'must not be empty'))).toBe(true);
    expect(first.isFailure(new Error('id'))).toBe(false);
  });
});
