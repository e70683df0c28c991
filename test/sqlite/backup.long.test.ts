import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type BackupProgress } from '../../src';
import { fill, soundReport } from '../support/sound-database';
import { nextLine, startProcess } from '../support/child-process';
import { longestBlockMs } from '../support/event-loop';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { expectError } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { openSqlite } from '../support/raw-writer';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';
import { fillLarge, openBackup } from './backups';

describe('A backup', () => {
  test.each(['a file', ':memory:'])('of %s holds every row, in one sound file', async (kind) => {
    const database = await openTestDatabase(kind === ':memory:' ? { url: ':memory:' } : {});
    await fill(database);
    const directory = temporaryDirectory();
    const path = join(directory, 'backup.sqlite');
    await database.db.backup(path);
    expect(readdirSync(directory)).toEqual(['backup.sqlite']);
    const copy = await openBackup(path);
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
    const copy = await openBackup(path);
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
    const copy = await openBackup(path);
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
