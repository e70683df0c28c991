import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseService, DatabaseServiceFactory, type DatabaseEvent } from '../../src';
import { certificateInput, createAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { createApplicationHistory } from '../support/migrations';
import { queryRaw } from '../support/raw-reader';
import { resetAfterTest } from '../support/factory-instance';
import { openSqlite } from '../support/raw-writer';
import { afterTest, newDatabaseUrl, openTestDatabase, temporaryDirectory } from '../support/test-database';

/** A service that is closed after the test, on a file that does not exist yet. */
function createService(url = `file:${join(temporaryDirectory(), 'new.sqlite')}`) {
  const events: DatabaseEvent[] = [];
  const db = new DatabaseService({ url, onEvent: (event) => void events.push(event) });
  afterTest(() => db.close());
  return { db, events, path: url.replace('file:', '') };
}

/** Where the instance of the process lies in this test; it is reset afterwards. */
function location() {
  const path = join(temporaryDirectory(), 'factory.sqlite');
  const options = { url: `file:${path}` };
  resetAfterTest(options);
  return { path, options };
}

describe('initialize', () => {
  test('is what opens the database: making the service does not', async () => {
    const { db, path, events } = createService();
    expect(existsSync(path)).toBe(false);
    expect(events).toEqual([]);
    await db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test('that failed fails for every concurrent call, and the next call tries again', async () => {
    const directory = join(temporaryDirectory(), 'later');
    const { db } = createService(`file:${join(directory, 'new.sqlite')}`);
    const outcomes = await Promise.allSettled([db.initialize(), db.initialize()]);
    expect(outcomes).toMatchObject([{ reason: { code: 'UNAVAILABLE' } }, { reason: { code: 'UNAVAILABLE' } }]);
    await expectError('NOT_INITIALIZED', () => db.queryAgents({}));
    await expectError('UNAVAILABLE', () => db.initialize());
    mkdirSync(directory);
    await db.initialize();
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('D15: a start that failed leaves nothing open, and keeps its cause', async () => {
    const url = await newDatabaseUrl();
    const driver = openSqlite(url);
    // An application that uses Prisma Migrate has a table of the same name.
    await createApplicationHistory(url, ['20250101000000_agents']);
    driver.exec('CREATE TABLE agents (name TEXT)');
    const db = new DatabaseService({ url });
    const error = await expectError('MIGRATION_FAILED', () => db.initialize());
    expect(error.cause).toBeDefined();
    // Nobody else has the file open: nobody else's lock is in the way.
    expect(driver.pragma('locking_mode = EXCLUSIVE', { simple: true })).toBe('exclusive');
    driver.exec('BEGIN EXCLUSIVE; DROP TABLE agents; COMMIT');
    driver.close();
    await db.initialize();
    expect(await db.queryAgents({})).toEqual([]);
    await db.close();
  });
});

describe('the url', () => {
  test('may be a path with spaces, percent signs and letters of any script', async () => {
    const path = join(temporaryDirectory(), 'a b%20c é 数据 #1.sqlite');
    await createService(`file:${path}`).db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test('may be relative to the working directory', async () => {
    const path = join(temporaryDirectory(), 'relative.sqlite');
    const start = relative(process.cwd(), path);
    await createService(`file:${start}`).db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test('may be a file URL with its escapes', async () => {
    const path = join(temporaryDirectory(), 'a b%.sqlite');
    await createService(pathToFileURL(path).href).db.initialize();
    expect(existsSync(path)).toBe(true);
  });
});

describe('an option', () => {
  test.each(['normal', 'full'] as const)('durability %s keeps what is committed', async (durability) => {
    const { db } = await openTestDatabase({ durability });
    const id = await createAgent(db);
    await db.close();
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ id });
  });

  test('the journal is a write-ahead log', async () => {
    expect(await queryRaw(await openTestDatabase(), 'PRAGMA journal_mode')).toEqual([[{ journal_mode: 'wal' }]]);
  });
});

describe('DatabaseServiceFactory.getInstance', () => {
  test('does not keep a start that failed', async () => {
    const directory = join(temporaryDirectory(), 'later');
    const options = { url: `file:${directory}/factory.sqlite` };
    resetAfterTest(options);
    const outcomes = await Promise.allSettled([1, 2].map(() => DatabaseServiceFactory.getInstance(options)));
    expect(outcomes).toMatchObject([{ reason: { code: 'UNAVAILABLE' } }, { reason: { code: 'UNAVAILABLE' } }]);
    mkdirSync(directory);
    const instance = await DatabaseServiceFactory.getInstance(options);
    expect(await instance.queryAgents({})).toEqual([]);
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
    const { options } = location();
    await expect(DatabaseServiceFactory.resetDatabase(options)).resolves.toBeUndefined();
    await (await DatabaseServiceFactory.getInstance(options)).close();
    await DatabaseServiceFactory.resetDatabase();
    await expect(DatabaseServiceFactory.resetDatabase(options)).resolves.toBeUndefined();
  });
});

describe('DatabaseServiceFactory.resetDatabase beside other calls', () => {
  test('what getInstance gives meanwhile is a database that is still there', async () => {
    const { path, options } = location();
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

  test('a file that proved to be no database is left alone', async () => {
    const path = join(temporaryDirectory(), 'notes.txt');
    writeFileSync(path, 'not a database at all, but a text of somebody who would miss it'.repeat(50));
    const start = DatabaseServiceFactory.getInstance({ url: `file:${path}` });
    const failed = expectError('CORRUPT', () => start);
    await DatabaseServiceFactory.resetDatabase();
    await failed;
    expect(existsSync(path)).toBe(true);
  });
});
