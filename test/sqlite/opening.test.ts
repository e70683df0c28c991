import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseService, DatabaseServiceFactory, type DatabaseEvent } from '../../src';
import { agentInput, certificateInput, createAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { createApplicationHistory } from '../support/migrations';
import { resetAfterTest } from '../support/factory-instance';
import { openSqlite } from '../support/raw-writer';
import { afterTest, newDatabaseUrl, openTestDatabase, temporaryDirectory } from '../support/test-database';
import { whileReadOnly } from '../support/unprivileged';

const missingPath = (): string => join(temporaryDirectory(), 'missing', 'test.sqlite');
const unavailable = { reason: { code: 'UNAVAILABLE' } };

/** Creates a service, which is closed after the test, on a file that does not exist yet. */
function createService(url = `file:${join(temporaryDirectory(), 'new.sqlite')}`) {
  const events: DatabaseEvent[] = [];
  const db = new DatabaseService({ url, retry: false, onEvent: (event) => void events.push(event) });
  afterTest(() => db.close());
  return { db, events, path: url.replace('file:', '') };
}

/** Returns options for the instance of the process, which is reset after the test. */
function factoryOptions(path = join(temporaryDirectory(), 'factory.sqlite')) {
  const options = { url: `file:${path}` };
  resetAfterTest(options);
  return { path, options };
}

describe('initialize()', () => {
  test('initialize() creates the database file, which the constructor does not', async () => {
    const { db, path, events } = createService();
    expect(existsSync(path)).toBe(false);
    expect(events).toEqual([]);
    await db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test('initialize() fails with UNAVAILABLE while the directory is missing, and then succeeds', async () => {
    const path = missingPath();
    const { db } = createService(`file:${path}`);
    const error = await expectError('UNAVAILABLE', () => db.initialize());
    expect(error).toMatchObject({ operation: 'initialize', retryable: true });
    expect(error.cause).toBeDefined();
    mkdirSync(dirname(path));
    await db.initialize();
    expect(await createAgent(db)).toMatch(/./);
  });

  test('initialize() fails with UNAVAILABLE when the path is a directory', async () => {
    await expectError('UNAVAILABLE', () => createService(`file:${temporaryDirectory()}`).db.initialize());
  });

  test('initialize() fails with UNAVAILABLE or READ_ONLY when the directory of a new database is read-only', async () => {
    const directory = temporaryDirectory();
    await whileReadOnly([directory], async () => {
      const outcome = await createService(`file:${join(directory, 'new.sqlite')}`)
        .db.initialize()
        .catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: expect.stringMatching(/^(UNAVAILABLE|READ_ONLY)$/) as unknown });
    });
  });

  test('initialize() or the first write fails with READ_ONLY when the file is read-only, and the file is not changed', async () => {
    const { db: first, options } = await openTestDatabase();
    const certificateId = await first.createCertificate(certificateInput());
    await first.close();
    const path = options.url.replace('file:', '');
    const before = statSync(path).mtimeMs;
    await whileReadOnly([dirname(path), path], async () => {
      const { db } = createService(options.url);
      const error = await expectError('READ_ONLY', async () => {
        await db.initialize();
        await db.createAgent(agentInput({ certificateId }));
      });
      expect(error.retryable).toBe(false);
    });
    expect(statSync(path).mtimeMs).toBe(before);
  });

  test('initialize() closes its connections when it fails, and its error has a cause', async () => {
    const url = await newDatabaseUrl();
    const driver = openSqlite(url);
    // An application that uses Prisma Migrate has a table of the same name.
    await createApplicationHistory(url, ['20250101000000_agents']);
    driver.exec('CREATE TABLE agents (name TEXT)');
    const { db } = createService(url);
    const error = await expectError('MIGRATION_FAILED', () => db.initialize());
    expect(error.cause).toBeDefined();
    // An exclusive lock shows that no other connection has the file open.
    expect(driver.pragma('locking_mode = EXCLUSIVE', { simple: true })).toBe('exclusive');
    driver.exec('BEGIN EXCLUSIVE; DROP TABLE agents; COMMIT');
    driver.close();
    await db.initialize();
    expect(await db.queryAgents({})).toEqual([]);
  });
});

test.each<[string, string, (path: string) => string]>([
  ['a path with spaces, percent signs and other letters', 'a b%20c é 数据 #1.sqlite', (path) => `file:${path}`],
  ['a path that is relative to the working directory', 'a.sqlite', (path) => `file:${relative(process.cwd(), path)}`],
  ['a file URL with escapes', 'a b%.sqlite', (path) => pathToFileURL(path).href],
])('the option url may be %s', async (_, name, toUrl) => {
  const path = join(temporaryDirectory(), name);
  await createService(toUrl(path)).db.initialize();
  expect(existsSync(path)).toBe(true);
});

describe('DatabaseServiceFactory.getInstance()', () => {
  test('getInstance() creates another instance after a failed initialize', async () => {
    const { options, path } = factoryOptions(missingPath());
    const outcomes = await Promise.allSettled([1, 2].map(() => DatabaseServiceFactory.getInstance(options)));
    expect(outcomes).toMatchObject([unavailable, unavailable]);
    mkdirSync(dirname(path));
    const instance = await DatabaseServiceFactory.getInstance(options);
    expect(await instance.queryAgents({})).toEqual([]);
  });

  test('getInstance() opens ./ans_database.sqlite by default, and resetDatabase() removes that file', async () => {
    const path = join(temporaryDirectory(), 'ans_database.sqlite');
    const before = process.cwd();
    process.chdir(dirname(path));
    try {
      await createAgent(await DatabaseServiceFactory.getInstance());
      expect(existsSync(path)).toBe(true);
      await DatabaseServiceFactory.resetDatabase();
      expect(existsSync(path)).toBe(false);
      await (await openTestDatabase({ url: `file:${path}` })).db.close();
      await DatabaseServiceFactory.resetDatabase();
      expect(existsSync(path)).toBe(false);
      await DatabaseServiceFactory.resetDatabase();
    } finally {
      process.chdir(before);
    }
  });

  test('getInstance() returns an open, empty database when resetDatabase() runs at the same time', async () => {
    const { path, options } = factoryOptions();
    const first = await DatabaseServiceFactory.getInstance(options);
    await first.createCertificate(certificateInput({ id: 'old' }));
    const [, second] = await Promise.all([
      DatabaseServiceFactory.resetDatabase(),
      DatabaseServiceFactory.getInstance(options),
    ]);
    await second.createCertificate(certificateInput({ id: 'new' }));
    expect(existsSync(path)).toBe(true);
    expect(await DatabaseServiceFactory.getInstance()).toBe(second);
    expect([await second.getCertificate('old'), (await second.getCertificate('new'))?.id]).toEqual([null, 'new']);
  });
});

describe('DatabaseServiceFactory.resetDatabase()', () => {
  test('resetDatabase() removes the database file with its -wal and -shm files and no other file', async () => {
    const { options, path } = factoryOptions();
    await createAgent(await DatabaseServiceFactory.getInstance(options));
    expect(existsSync(`${path}-wal`)).toBe(true);
    writeFileSync(`${path}-backup`, 'kept');
    await DatabaseServiceFactory.resetDatabase();
    expect(['', '-wal', '-shm', '-journal'].filter((suffix) => existsSync(path + suffix))).toEqual([]);
    expect(existsSync(`${path}-backup`)).toBe(true);
  });
});
