import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type BackupProgress } from '../../src';
import { fill, soundReport } from '../check/sound';
import { nextLine, startProcess } from '../support/child-process';
import { longestBlockMs } from '../support/event-loop';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { expectError } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { openSqlite } from '../support/raw-writer';
import { describeUnless } from '../support/skip';
import { openSmallDisk, whyNoSmallDisk } from '../support/small-disk';
import { afterTest, openTestDatabase, temporaryDirectory, type TestDatabase } from '../support/test-database';
import { whileReadOnly } from '../support/unprivileged';

function open(path: string): DatabaseService {
  const db = new DatabaseService({ url: `file:${path}` });
  afterTest(() => db.close());
  return db;
}

/** Some MiB, which take some time to be copied. */
async function fillLarge({ db }: TestDatabase, mebibytes = 24): Promise<void> {
  const certificateId = await db.createCertificate(certificateInput());
  const description = 'x'.repeat(8000);
  for (let count = 0; count < mebibytes; count += 4) {
    await db.agents.createMany(Array.from({ length: 500 }, () => agentInput({ certificateId, description })));
  }
}

describe('A backup', () => {
  test.each(['a file', ':memory:'])('of %s holds every row, in one sound file', async (kind) => {
    const database = await openTestDatabase(kind === ':memory:' ? { url: ':memory:' } : {});
    await fill(database);
    const directory = temporaryDirectory();
    const path = join(directory, 'backup.sqlite');
    await database.db.backup(path);
    expect(readdirSync(directory)).toEqual(['backup.sqlite']);
    const copy = open(path);
    await copy.initialize();
    expect(await copy.check()).toEqual(soundReport);
    expect(await copy.getAgent('whole')).toEqual(await database.db.getAgent('whole'));
    if (kind === ':memory:') return;
    expect(await allRawRows({ options: { url: `file:${path}` } })).toEqual(await allRawRows(database));
  });

  test('can be opened where nothing can be written', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const path = join(temporaryDirectory(), 'backup.sqlite');
    await database.db.backup(path);
    expect(readFileSync(path).subarray(18, 20)).toEqual(Buffer.from([1, 1]));
  });

  test('of a database that this process and another keep writing to ends, and is of one state', async () => {
    const database = await openTestDatabase();
    await fillLarge(database);
    const { db, options } = database;
    const other = startProcess(join(__dirname, 'committing-process.ts'), options.url.replace('file:', ''));
    await nextLine(other);
    let isOver = false;
    let commits = 0;
    const writer = async (writer: number): Promise<void> => {
      for (let count = 0; !isOver; count += 1) {
        const id = `w${writer}-${count}`;
        await db.register({
          certificate: certificateInput({ id }),
          agent: agentInput({ id, certificateId: id, capabilities: [id] }),
          event: eventInput({ id }),
        });
        commits += 1;
      }
    };
    const writers = [1, 2, 3].map(writer);
    while (commits < 10) await sleep(1);
    const before = await db.events.count();
    const path = join(temporaryDirectory(), 'backup.sqlite');
    const progress: BackupProgress[] = [];
    const atStart = commits;
    await db.backup(path, { onProgress: (news) => progress.push(news) });
    expect(commits).toBeGreaterThan(atStart);
    isOver = true;
    await Promise.all(writers);
    const [first, last] = [progress.at(0), progress.at(-1)];
    const totals = new Set(progress.map(({ totalBytes }) => totalBytes));
    expect([first?.copiedBytes, totals.size, last?.copiedBytes]).toEqual([0, 1, last?.totalBytes]);
    expect(last?.totalBytes).toBe(statSync(path).size);
    const copied = progress.map(({ copiedBytes }) => copiedBytes);
    expect(copied).toEqual([...copied].sort((one, other) => one - other));
    const copy = open(path);
    await copy.initialize();
    expect(await copy.check()).toEqual(soundReport);
    const events = await copy.events.count();
    expect(events).toBeGreaterThanOrEqual(before);
    // One certificate is that of the others.
    expect(await copy.agents.count({ capabilities: (await copy.events.query()).map(({ id }) => id) })).toBe(events);
  });

  test('lets everything else in the process go on', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 60);
    const longest = await longestBlockMs(() => database.db.backup(join(temporaryDirectory(), 'backup.sqlite')));
    // The machine may have other things to do.
    expect(longest).toBeLessThan(150);
  });

  test('has the rights of the database', async () => {
    const { db, options } = await openTestDatabase();
    chmodSync(options.url.replace('file:', ''), 0o600);
    const path = join(temporaryDirectory(), 'backup.sqlite');
    await db.backup(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('inside a transaction holds the last committed state', async () => {
    const { db } = await openTestDatabase();
    const path = join(temporaryDirectory(), 'backup.sqlite');
    await db.transaction(async (tx) => {
      await tx.recordSecurityEvent(eventInput());
      await db.backup(path);
    });
    const copy = open(path);
    await copy.initialize();
    expect(await copy.events.count()).toBe(0);
  });

  test('of an older schema is a backup, too', async () => {
    const database = await openTestDatabase();
    await database.db.close();
    const driver = openSqlite(database.options.url);
    driver.exec("DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_search'");
    driver.close();
    const db = new DatabaseService({ ...database.options, migrations: 'skip' });
    afterTest(() => db.close());
    await db.initialize();
    const path = join(temporaryDirectory(), 'backup.sqlite');
    await db.backup(path);
    await expectError('SCHEMA_OUTDATED', () =>
      new DatabaseService({ url: `file:${path}`, migrations: 'verify' }).initialize(),
    );
  });

  test('is waited for by close', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 4);
    const path = join(temporaryDirectory(), 'backup.sqlite');
    const backup = database.db.backup(path);
    await database.db.close();
    expect(statSync(path).size).toBeGreaterThan(1_000_000);
    await backup;
  });
});

describe('A backup is refused, and leaves nothing behind,', () => {
  test.each(['a file', 'a directory', 'a link to nothing'])('where %s is at its path', async (kind) => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    const path = join(directory, 'taken');
    if (kind === 'a file') writeFileSync(path, 'mine');
    else if (kind === 'a directory') mkdirSync(path);
    else symlinkSync('/nowhere/at/all', path);
    const error = await expectError('ALREADY_EXISTS', () => db.backup(path));
    expect(error).toMatchObject({ operation: 'backup', field: 'path', retryable: false });
    expect(error.message).not.toContain(directory);
    expect(readdirSync(directory)).toEqual(['taken']);
    if (kind === 'a file') expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test('where it is the database itself', async () => {
    const { db, options } = await openTestDatabase();
    await expectError('ALREADY_EXISTS', () => db.backup(options.url.replace('file:', '')));
    expect(await db.check()).toEqual(soundReport);
  });

  test.each(['-wal', '-shm', '-journal'])('where another database has left its %s file', async (suffix) => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    writeFileSync(join(directory, `b.sqlite${suffix}`), '');
    await expectError('ALREADY_EXISTS', () => db.backup(join(directory, 'b.sqlite')));
    expect(readdirSync(directory)).toEqual([`b.sqlite${suffix}`]);
  });

  test('but for one, of several that have the same path', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const directory = temporaryDirectory();
    const path = join(directory, 'b.sqlite');
    const backups = await Promise.allSettled([1, 2, 3].map(() => database.db.backup(path)));
    expect(backups.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const backup of backups) {
      if (backup.status === 'rejected') expect(backup.reason).toMatchObject({ code: 'ALREADY_EXISTS' });
    }
    expect(readdirSync(directory)).toEqual(['b.sqlite']);
    const copy = open(path);
    await copy.initialize();
    expect(await copy.check()).toEqual(soundReport);
  });

  test('where its folder does not exist', async () => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    const error = await expectError('UNAVAILABLE', () => db.backup(join(directory, 'missing', 'b.sqlite')));
    expect(error.message).toBe('Failed to back up database: the folder of the backup does not exist');
    writeFileSync(join(directory, 'file'), '');
    await expectError('UNAVAILABLE', () => db.backup(join(directory, 'file', 'b.sqlite')));
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test('where nobody may write', async () => {
    const database = await openTestDatabase();
    const directory = temporaryDirectory();
    await whileReadOnly([directory], async () => {
      await expectError('READ_ONLY', () => database.db.backup(join(directory, 'b.sqlite')));
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('where the database is damaged', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const driver = openSqlite(database.options.url);
    driver.pragma('foreign_keys = OFF');
    driver.exec("UPDATE agents SET certificate_id = 'nobody'");
    driver.close();
    const directory = temporaryDirectory();
    await expectError('CORRUPT', () => database.db.backup(join(directory, 'b.sqlite')));
    expect(readdirSync(directory)).toEqual([]);
  });

  test('where who is told of its progress throws', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 12);
    const directory = temporaryDirectory();
    const reason = new Error('enough');
    let calls = 0;
    const onProgress = (): void => {
      calls += 1;
      if (calls === 2) throw reason;
    };
    const error = await expectError('INTERNAL', () => database.db.backup(join(directory, 'b.sqlite'), { onProgress }));
    expect(error.cause).toBe(reason);
    expect(calls).toBe(2);
    expect(readdirSync(directory)).toEqual([]);
    await database.db.backup(join(directory, 'b.sqlite'));
  });

  test.each<[string, unknown, unknown]>([
    ['an empty path', '', undefined],
    ['no path', undefined, undefined],
    ['a path that is no text', 5, undefined],
    ['NUL in it', 'a\0b', undefined],
    ['a URL', 'file:./b.sqlite', undefined],
    ['a space at its end', '/nowhere/b.sqlite ', undefined],
    ['an unknown option', '/nowhere/b.sqlite', { progress: () => undefined }],
    ['a hook that is no function', '/nowhere/b.sqlite', { onProgress: 1 }],
    ['options that are no object', '/nowhere/b.sqlite', null],
  ])('for %s', async (_, path, options) => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.backup(path as string, options as object));
  });

  test('for a name that is too long', async () => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    await expectError('INVALID_INPUT', () => db.backup(join(directory, 'x'.repeat(300))));
    expect(readdirSync(directory)).toEqual([]);
  });

  describeUnless(whyNoSmallDisk(), 'on a disk', () => {
    test.each([1, 8])('of %im that is full', async (megabytes) => {
      const database = await openTestDatabase();
      await fillLarge(database, 12);
      const { path } = openSmallDisk(megabytes);
      const error = await expectError('STORAGE_FULL', () => database.db.backup(join(path, 'b.sqlite')));
      expect(error.message).toBe('Failed to back up database: the storage of the backup is full');
      expect(readdirSync(path)).toEqual([]);
      expect(await database.db.check()).toEqual(soundReport);
    });
  });
});

describe('A restored backup', () => {
  test('is the database again, without what was written since', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const path = join(temporaryDirectory(), 'backup.sqlite');
    const before = await allRawRows(database);
    await database.db.backup(path);
    await database.db.deleteAgent('whole');
    await database.db.recordSecurityEvent(eventInput());
    await database.db.close();
    const target = database.options.url.replace('file:', '');
    for (const suffix of ['-wal', '-shm', '']) rmSync(target + suffix, { force: true });
    copyFileSync(path, target);
    expect(readdirSync(dirname(target))).toEqual(['test.sqlite']);
    await database.db.initialize();
    expect(await allRawRows(database)).toEqual(before);
    expect(await database.db.check()).toEqual(soundReport);
    await database.db.deleteAgent('whole');
  });
});
