import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService, DatabaseServiceFactory } from '../../src';
import { createAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { afterTest, temporaryDirectory } from '../support/test-database';

/** Where the instance of the process lies in this test; it is reset afterwards. */
function location() {
  const path = join(temporaryDirectory(), 'factory.sqlite');
  afterTest(() => DatabaseServiceFactory.resetDatabase());
  return { path, options: { url: `file:${path}` } };
}

describe('DatabaseServiceFactory.getInstance', () => {
  test('Singleton pattern returns the same instance on multiple calls', async () => {
    const { options } = location();
    const first = await DatabaseServiceFactory.getInstance(options);
    expect(first).toBeInstanceOf(DatabaseService);
    expect(await DatabaseServiceFactory.getInstance()).toBe(first);
    expect(await DatabaseServiceFactory.getInstance(options)).toBe(first);
    expect(await DatabaseServiceFactory.getInstance({ ...options })).toBe(first);
  });

  test('gives concurrent first calls the same instance, which is ready', async () => {
    const { options } = location();
    const calls = Array.from({ length: 5 }, () => DatabaseServiceFactory.getInstance(options));
    const found = await Promise.all(
      calls.map(async (call) => {
        const instance = await call;
        expect(await instance.queryAgents({})).toEqual([]);
        return instance;
      }),
    );
    expect(new Set(found).size).toBe(1);
  });

  test('does not keep a start that failed', async () => {
    const directory = join(temporaryDirectory(), 'later');
    const options = { url: `file:${directory}/factory.sqlite` };
    afterTest(() => DatabaseServiceFactory.resetDatabase());
    const outcomes = await Promise.allSettled([1, 2].map(() => DatabaseServiceFactory.getInstance(options)));
    expect(outcomes).toMatchObject([{ reason: { code: 'UNAVAILABLE' } }, { reason: { code: 'UNAVAILABLE' } }]);
    mkdirSync(directory);
    const instance = await DatabaseServiceFactory.getInstance(options);
    expect(await instance.queryAgents({})).toEqual([]);
  });

  test('does not keep options that are wrong', async () => {
    const { options } = location();
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance({ ...options, maxResults: -1 }));
    expect(await (await DatabaseServiceFactory.getInstance(options)).queryAgents({})).toEqual([]);
  });

  test.each([
    ['another url', { url: ':memory:' }],
    ['no url', { maxResults: 5 }],
    ['one option more', { maxResults: 5 }],
    ['another clock', { now: () => 1 }],
  ])('refuses other options on a live instance: %s', async (title, other) => {
    const { options } = location();
    const instance = await DatabaseServiceFactory.getInstance(options);
    const wanted = title === 'no url' ? other : { ...options, ...other };
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance(wanted));
    expect(await DatabaseServiceFactory.getInstance()).toBe(instance);
    expect(await instance.queryAgents({})).toEqual([]);
  });

  test('refuses other options while the first call is still under way', async () => {
    const { options } = location();
    const first = DatabaseServiceFactory.getInstance(options);
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance({ ...options, maxResults: 7 }));
    expect(await first).toBeInstanceOf(DatabaseService);
  });

  test('gives a ready instance also after somebody closed it', async () => {
    const { options } = location();
    await (await DatabaseServiceFactory.getInstance(options)).close();
    expect(await (await DatabaseServiceFactory.getInstance()).queryAgents({})).toEqual([]);
  });

  test('opens ./ans_database.sqlite in the working directory unless told otherwise', async () => {
    const directory = temporaryDirectory();
    const before = process.cwd();
    process.chdir(directory);
    try {
      const instance = await DatabaseServiceFactory.getInstance();
      await createAgent(instance);
      expect(existsSync(join(directory, 'ans_database.sqlite'))).toBe(true);
      await DatabaseServiceFactory.resetDatabase();
      expect(existsSync(join(directory, 'ans_database.sqlite'))).toBe(false);
    } finally {
      process.chdir(before);
    }
  });
});

describe('DatabaseServiceFactory.resetDatabase', () => {
  test('Database reset clears all tables', async () => {
    const { options } = location();
    const first = await DatabaseServiceFactory.getInstance(options);
    await createAgent(first, { capabilities: ['a'], metadata: { a: 1 } });
    await DatabaseServiceFactory.resetDatabase();
    const second = await DatabaseServiceFactory.getInstance(options);
    expect(second).not.toBe(first);
    expect(Object.values(rawCounts({ options })).every((count) => count === 0)).toBe(true);
    await expectError('NOT_INITIALIZED', () => first.queryAgents({}));
  });

  test('removes the file with its -wal and -shm, and no other', async () => {
    const { options, path } = location();
    await createAgent(await DatabaseServiceFactory.getInstance(options));
    expect(existsSync(`${path}-wal`)).toBe(true);
    writeFileSync(`${path}-backup`, 'kept');
    await DatabaseServiceFactory.resetDatabase();
    expect(['', '-wal', '-shm', '-journal'].filter((suffix) => existsSync(path + suffix))).toEqual([]);
    expect(existsSync(`${path}-backup`)).toBe(true);
  });

  test('tolerates that there is no instance, or no file any more', async () => {
    await expect(DatabaseServiceFactory.resetDatabase()).resolves.toBeUndefined();
    const { options } = location();
    await (await DatabaseServiceFactory.getInstance(options)).close();
    await DatabaseServiceFactory.resetDatabase();
    await expect(DatabaseServiceFactory.resetDatabase()).resolves.toBeUndefined();
  });

  test('forgets the options: the next instance may have others', async () => {
    const { options } = location();
    await DatabaseServiceFactory.getInstance(options);
    await DatabaseServiceFactory.resetDatabase();
    const instance = await DatabaseServiceFactory.getInstance({ url: ':memory:', maxResults: 5 });
    expect(await instance.queryAgents({})).toEqual([]);
  });

  test('waits for work in flight', async () => {
    const { options } = location();
    const instance = await DatabaseServiceFactory.getInstance(options);
    const call = createAgent(instance, { certificateId: 'unknown' });
    const [outcome] = await Promise.allSettled([call, DatabaseServiceFactory.resetDatabase()]);
    expect(outcome).toMatchObject({ reason: { code: 'REFERENCE_NOT_FOUND' } });
  });

  test('is refused with CONFLICT inside a transaction of the instance', async () => {
    const { options, path } = location();
    const instance = await DatabaseServiceFactory.getInstance(options);
    await instance.transaction(async () => {
      await expectError('CONFLICT', () => DatabaseServiceFactory.resetDatabase());
    });
    expect(existsSync(path)).toBe(true);
    expect(await DatabaseServiceFactory.getInstance()).toBe(instance);
  });
});
