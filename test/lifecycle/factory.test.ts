import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from '../support/sqlite-driver';
import { DatabaseService, DatabaseServiceFactory } from '../../src';
import { createAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { countAgents, resetAfterTest } from '../support/factory-instance';
import { rawCounts } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { describeOn, testOn } from '../support/skip';
import { newDatabaseUrl, openTestDatabase, temporaryDirectory } from '../support/test-database';

/** Returns options for the instance of the process, which is reset after the test. */
async function instanceOptions() {
  const options = { url: await newDatabaseUrl(), allowReset: true };
  resetAfterTest(options);
  return options;
}

/** Creates a database of this package with one agent, and closes it. */
async function filledDatabase(url: string): Promise<void> {
  const { db } = await openTestDatabase({ url });
  await createAgent(db);
  await db.close();
}

function foreignFile(path: string): Buffer {
  const driver = new SqliteDriver(path);
  driver.exec("CREATE TABLE agents (id TEXT); INSERT INTO agents VALUES ('precious')");
  driver.close();
  return readFileSync(path);
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

  test('getInstance returns the same open instance to concurrent first calls', async () => {
    const options = await instanceOptions();
    const found = await Promise.all([1, 2, 3].map(() => DatabaseServiceFactory.getInstance(options)));
    expect(new Set(found).size).toBe(1);
    expect(await found[0]?.queryAgents({})).toEqual([]);
  });

  test('getInstance accepts valid options after a call with invalid options', async () => {
    const options = await instanceOptions();
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance({ ...options, maxResults: -1 }));
    expect(await (await DatabaseServiceFactory.getInstance(options)).queryAgents({})).toEqual([]);
  });

  test.each([
    ['another url', { url: 'file:./another.sqlite' }],
    ['no url', { maxResults: 5 }],
    ['one more option', { maxResults: 5 }],
    ['another clock', { now: () => 1 }],
  ])('getInstance refuses other options while an instance exists: %s', async (title, other) => {
    const options = await instanceOptions();
    const instance = await DatabaseServiceFactory.getInstance(options);
    const wanted = title === 'no url' ? other : { ...options, ...other };
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance(wanted));
    expect(await DatabaseServiceFactory.getInstance()).toBe(instance);
    expect(await instance.queryAgents({})).toEqual([]);
  });

  test('getInstance refuses other options while the first call is running', async () => {
    const options = await instanceOptions();
    const first = DatabaseServiceFactory.getInstance(options);
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance({ ...options, maxResults: 7 }));
    expect(await first).toBeInstanceOf(DatabaseService);
  });

  test('getInstance returns an open instance after the previous instance was closed', async () => {
    const options = await instanceOptions();
    await (await DatabaseServiceFactory.getInstance(options)).close();
    expect(await (await DatabaseServiceFactory.getInstance()).queryAgents({})).toEqual([]);
  });
});

describe('DatabaseServiceFactory.resetDatabase with a live instance', () => {
  test('Database reset clears all tables', async () => {
    const options = await instanceOptions();
    const first = await DatabaseServiceFactory.getInstance(options);
    await createAgent(first, { capabilities: ['a'], metadata: { a: 1 } });
    await DatabaseServiceFactory.resetDatabase({ url: options.url });
    // The options of the next instance may differ.
    const second = await DatabaseServiceFactory.getInstance({ ...options, maxResults: 5 });
    expect(second).not.toBe(first);
    expect(Object.values(await rawCounts({ options })).every((count) => count === 0)).toBe(true);
    await expectError('NOT_INITIALIZED', () => first.queryAgents({}));
  });

  test('resetDatabase waits for calls in flight before it deletes the data', async () => {
    const options = await instanceOptions();
    const instance = await DatabaseServiceFactory.getInstance(options);
    const call = createAgent(instance, { certificateId: 'unknown' });
    const [outcome] = await Promise.allSettled([call, DatabaseServiceFactory.resetDatabase()]);
    expect(outcome).toMatchObject({ reason: { code: 'REFERENCE_NOT_FOUND' } });
  });

  test('resetDatabase fails with CONFLICT inside a transaction of the instance', async () => {
    const options = await instanceOptions();
    const instance = await DatabaseServiceFactory.getInstance(options);
    await instance.transaction(async () => {
      await expectError('CONFLICT', () => DatabaseServiceFactory.resetDatabase());
    });
    expect(await DatabaseServiceFactory.getInstance()).toBe(instance);
  });

  test('resetDatabase refuses options that name another database', async () => {
    const options = await instanceOptions();
    const instance = await DatabaseServiceFactory.getInstance(options);
    const other = { url: await newDatabaseUrl(), allowReset: true };
    const error = await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.resetDatabase(other));
    expect(error.field).toBe('url');
    expect(await instance.agents.count({})).toBe(0);
  });
});

describe('DatabaseServiceFactory.resetDatabase without an instance', () => {
  test('resetDatabase refuses invalid options', async () => {
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.resetDatabase({ url: 'nonsense' }));
    await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.resetDatabase({ reset: true } as object));
  });

  test('resetDatabase resets both databases when two calls run at the same time', async () => {
    const urls = [await newDatabaseUrl(), await newDatabaseUrl()];
    await Promise.all(urls.map(filledDatabase));
    await Promise.all(urls.map((url) => DatabaseServiceFactory.resetDatabase({ url, allowReset: true })));
    expect(await Promise.all(urls.map(countAgents))).toEqual([0, 0]);
  });

  testOn('postgresql', 'resetDatabase refuses a database on PostgreSQL without allowReset', async () => {
    const url = await newDatabaseUrl();
    await filledDatabase(url);
    const error = await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.resetDatabase({ url }));
    expect(error.field).toBe('allowReset');
    expect(await countAgents(url)).toBe(1);
  });
});

describeOn('sqlite', 'DatabaseServiceFactory.resetDatabase on SQLite', () => {
  /** Returns the path of a new database, and options with a short wait for locks. */
  function place() {
    const path = join(temporaryDirectory(), 'test.sqlite');
    return { path, options: { url: `file:${path}`, busyTimeoutMs: 50 } };
  }

  test('resetDatabase does not modify a SQLite database of another application', async () => {
    const { path, options } = place();
    const bytes = foreignFile(path);
    const error = await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.resetDatabase(options));
    expect(error.field).toBe('url');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  test.each([
    ['a text file', 'Not a database. '.repeat(500), 'CORRUPT'],
    ['an empty file', '', undefined],
  ] as const)('resetDatabase does not modify %s', async (_what, content, code) => {
    const { path, options } = place();
    writeFileSync(path, content);
    if (code === undefined) await DatabaseServiceFactory.resetDatabase(options);
    else await expectError(code, () => DatabaseServiceFactory.resetDatabase(options));
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  test('resetDatabase removes a database that also has tables of the application', async () => {
    const { path, options } = place();
    await filledDatabase(options.url);
    await changeRaw({ options }, 'CREATE TABLE orders (id TEXT)');
    await DatabaseServiceFactory.resetDatabase(options);
    expect(existsSync(path)).toBe(false);
  });

  test('resetDatabase removes the target of a symbolic link and keeps the link', async () => {
    const { path, options } = place();
    const real = join(temporaryDirectory(), 'real.sqlite');
    symlinkSync(real, path);
    for (const withInstance of [false, true]) {
      await filledDatabase(options.url);
      if (withInstance) await DatabaseServiceFactory.getInstance(options);
      await DatabaseServiceFactory.resetDatabase(options);
      expect(existsSync(real)).toBe(false);
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
      expect(await countAgents(options.url)).toBe(0);
    }
  });

  test('resetDatabase fails with BUSY while another service of this process has the database open', async () => {
    const { options } = place();
    resetAfterTest(options);
    const instance = await DatabaseServiceFactory.getInstance(options);
    await createAgent(instance);
    const { db } = await openTestDatabase({ url: options.url });
    await expectError('BUSY', () => DatabaseServiceFactory.resetDatabase());
    expect(await DatabaseServiceFactory.getInstance()).toBe(instance);
    expect(await instance.agents.count({})).toBe(1);
    await db.close();
    await DatabaseServiceFactory.resetDatabase();
    expect(await countAgents(options.url)).toBe(0);
  });

  test('resetDatabase does not modify the file of another application that getInstance failed to open', async () => {
    const { path, options } = place();
    const bytes = foreignFile(path);
    const failed = expectError('MIGRATION_FAILED', () => DatabaseServiceFactory.getInstance(options));
    await expect(DatabaseServiceFactory.resetDatabase()).resolves.toBeUndefined();
    await failed;
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});
