import { DatabaseService, DatabaseServiceFactory } from '../../src';
import { createAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { resetAfterTest } from '../support/factory-instance';
import { newDatabaseUrl } from '../support/test-database';

/** The options of the instance of the process in this test; it is reset afterwards. */
async function instanceOptions() {
  const options = { url: await newDatabaseUrl(), allowReset: true };
  resetAfterTest(options);
  return options;
}

describe('DatabaseServiceFactory.getInstance', () => {
  test('Singleton pattern returns the same instance on multiple calls', async () => {
    const options = await instanceOptions();
    const first = await DatabaseServiceFactory.getInstance(options);
    expect(first).toBeInstanceOf(DatabaseService);
    expect(await DatabaseServiceFactory.getInstance()).toBe(first);
    expect(await DatabaseServiceFactory.getInstance(options)).toBe(first);
    expect(await DatabaseServiceFactory.getInstance({ ...options })).toBe(first);
  });

  test('gives concurrent first calls the same instance, which is ready', async () => {
    const options = await instanceOptions();
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

  test('does not keep options that are wrong', async () => {
    const options = await instanceOptions();
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance({ ...options, maxResults: -1 }));
    expect(await (await DatabaseServiceFactory.getInstance(options)).queryAgents({})).toEqual([]);
  });

  test.each([
    ['another url', { url: 'file:./another.sqlite' }],
    ['no url', { maxResults: 5 }],
    ['one option more', { maxResults: 5 }],
    ['another clock', { now: () => 1 }],
  ])('refuses other options on a live instance: %s', async (title, other) => {
    const options = await instanceOptions();
    const instance = await DatabaseServiceFactory.getInstance(options);
    const wanted = title === 'no url' ? other : { ...options, ...other };
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance(wanted));
    expect(await DatabaseServiceFactory.getInstance()).toBe(instance);
    expect(await instance.queryAgents({})).toEqual([]);
  });

  test('refuses other options while the first call is still under way', async () => {
    const options = await instanceOptions();
    const first = DatabaseServiceFactory.getInstance(options);
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance({ ...options, maxResults: 7 }));
    expect(await first).toBeInstanceOf(DatabaseService);
  });

  test('gives a ready instance also after somebody closed it', async () => {
    const options = await instanceOptions();
    await (await DatabaseServiceFactory.getInstance(options)).close();
    expect(await (await DatabaseServiceFactory.getInstance()).queryAgents({})).toEqual([]);
  });
});

describe('DatabaseServiceFactory.resetDatabase', () => {
  test('Database reset clears all tables', async () => {
    const options = await instanceOptions();
    const first = await DatabaseServiceFactory.getInstance(options);
    await createAgent(first, { capabilities: ['a'], metadata: { a: 1 } });
    await DatabaseServiceFactory.resetDatabase();
    const second = await DatabaseServiceFactory.getInstance(options);
    expect(second).not.toBe(first);
    expect(Object.values(await rawCounts({ options })).every((count) => count === 0)).toBe(true);
    await expectError('NOT_INITIALIZED', () => first.queryAgents({}));
  });

  test('forgets the options: the next instance may have others', async () => {
    const options = await instanceOptions();
    await DatabaseServiceFactory.getInstance(options);
    await DatabaseServiceFactory.resetDatabase();
    const instance = await DatabaseServiceFactory.getInstance({ url: ':memory:', maxResults: 5 });
    expect(await instance.queryAgents({})).toEqual([]);
    await DatabaseServiceFactory.resetDatabase();
  });

  test('waits for work in flight', async () => {
    const options = await instanceOptions();
    const instance = await DatabaseServiceFactory.getInstance(options);
    const call = createAgent(instance, { certificateId: 'unknown' });
    const [outcome] = await Promise.allSettled([call, DatabaseServiceFactory.resetDatabase()]);
    expect(outcome).toMatchObject({ reason: { code: 'REFERENCE_NOT_FOUND' } });
  });

  test('is refused with CONFLICT inside a transaction of the instance', async () => {
    const options = await instanceOptions();
    const instance = await DatabaseServiceFactory.getInstance(options);
    await instance.transaction(async () => {
      await expectError('CONFLICT', () => DatabaseServiceFactory.resetDatabase());
    });
    expect(await DatabaseServiceFactory.getInstance()).toBe(instance);
  });
});
