import { chmodSync, copyFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BackupProgress, driverErrorOf } from '../../src';
import { nextLine, startProcess } from '../support/child-process';
import { longestBlockMs } from '../support/event-loop';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgents, eventInput } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { changeRaw, changeRawUnchecked } from '../support/raw-writer';
import { describeUnless } from '../support/skip';
import { openSmallDisk, whyNoSmallDisk } from '../support/small-disk';
import { fill, soundReport } from '../support/sound-database';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { whileReadOnly } from '../support/unprivileged';
import { backupPath, openCopy, openForBackup } from './backups';

/** Fills a database with agents that take about `mebibytes` MiB. */
async function fillLarge({ db }: Pick<TestDatabase, 'db'>, mebibytes = 24): Promise<void> {
  const ids = Array.from({ length: mebibytes * 125 }, (_, index) => `large-${index}`);
  await createAgents(db, ids, () => ({ description: 'x'.repeat(8000) }));
}

describe('db.backup()', () => {
  test('backup copies one state of the database while this process and another one write', async () => {
    const database = await openTestDatabase();
    await fillLarge(database);
    const { db, options } = database;
    const other = startProcess(join(__dirname, 'committing-process.ts'), options.url.replace('file:', ''));
    await nextLine(other);
    let isOver = false;
    let commits = 0;
    const write = async (writer: number): Promise<void> => {
      for (let count = 0; !isOver; count += 1) {
        const id = `w${writer}-${count}`;
        const agent = agentInput({ id, certificateId: id, capabilities: [id] });
        await db.register({ certificate: certificateInput({ id }), agent, event: eventInput({ id }) });
        commits += 1;
      }
    };
    const writers = [1, 2, 3].map(write);
    while (commits < 10) await sleep(1);
    const before = await db.events.count();
    const path = backupPath();
    const progress: BackupProgress[] = [];
    const atStart = commits;
    await db.backup(path, { onProgress: (news) => progress.push(news) });
    expect(commits).toBeGreaterThan(atStart);
    isOver = true;
    await Promise.all(writers);
    const copied = progress.map(({ copiedBytes }) => copiedBytes);
    const { size } = statSync(path);
    expect([copied.at(0), copied.at(-1)]).toEqual([0, size]);
    expect(copied).toEqual([...copied].sort((one, other) => one - other));
    expect(new Set(progress.map(({ totalBytes }) => totalBytes))).toEqual(new Set([size]));
    const copy = await openCopy(path);
    expect(await copy.check()).toEqual(soundReport);
    const events = await copy.events.query();
    expect(events.length).toBeGreaterThanOrEqual(before);
    expect(await copy.agents.count({ capabilities: events.map(({ id }) => id) })).toBe(events.length);
  });

  test('backup does not block the event loop for more than 150 ms', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 60);
    expect(await longestBlockMs(() => database.db.backup(backupPath()))).toBeLessThan(150);
  });

  test('backup copies the last committed state when it is called inside a transaction', async () => {
    const { db } = await openTestDatabase();
    const path = backupPath();
    await db.transaction(async (tx) => {
      await tx.recordSecurityEvent(eventInput());
      await db.backup(path);
    });
    expect(await (await openCopy(path)).events.count()).toBe(0);
  });

  test('backup copies a database with an older schema', async () => {
    const database = await openTestDatabase();
    await changeRaw(database, "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_directory'");
    const path = backupPath();
    await database.db.backup(path);
    await expectError('SCHEMA_OUTDATED', () => openTestDatabase({ url: `file:${path}`, migrations: 'verify' }));
  });

  test('close() waits until a running backup has ended', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 4);
    const path = backupPath();
    const backup = database.db.backup(path);
    await database.db.close();
    expect(statSync(path).size).toBeGreaterThan(1_000_000);
    await backup;
  });

  test('backup writes a file that can replace the database file', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const path = backupPath();
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

describe('db.backup() that fails and creates no file', () => {
  test('backup fails with ALREADY_EXISTS when the path is that of the database', async () => {
    const { db, options } = await openForBackup();
    await expectError('ALREADY_EXISTS', () => db.backup(options.url.replace('file:', '')));
    expect(await db.check()).toEqual(soundReport);
  });

  test('all but one of several backups to the same path fail with ALREADY_EXISTS', async () => {
    const { db, directory, path } = await openForBackup();
    await fill({ db });
    const backups = await Promise.allSettled([1, 2, 3].map(() => db.backup(path)));
    const failed = backups.flatMap((backup) => (backup.status === 'rejected' ? [backup.reason as unknown] : []));
    expect(failed).toMatchObject([{ code: 'ALREADY_EXISTS' }, { code: 'ALREADY_EXISTS' }]);
    expect(readdirSync(directory)).toEqual(['b.sqlite']);
    expect(await (await openTestDatabase({ url: `file:${path}` })).db.check()).toEqual(soundReport);
  });

  test('backup fails with READ_ONLY when the folder is read-only', async () => {
    const { db, directory, path, options } = await openForBackup();
    // The call compares the path with the database file, so other users must be able to read the folder of the
    // database.
    chmodSync(dirname(options.url.replace('file:', '')), 0o755);
    await whileReadOnly([directory], () => expectError('READ_ONLY', () => db.backup(path)));
    expect(readdirSync(directory)).toEqual([]);
  });

  test('backup fails with CORRUPT when the database is damaged', async () => {
    const database = await openForBackup();
    await fill(database);
    await changeRawUnchecked(database, "UPDATE agents SET certificate_id = 'nobody'");
    await expectError('CORRUPT', () => database.db.backup(database.path));
    expect(readdirSync(database.directory)).toEqual([]);
  });

  test('backup fails with INVALID_INPUT when onProgress throws, and the next backup succeeds', async () => {
    const { db, directory, path } = await openForBackup();
    await fillLarge({ db }, 12);
    const reason = new Error('enough');
    let calls = 0;
    const onProgress = (): void => {
      calls += 1;
      if (calls === 2) throw reason;
    };
    const error = await expectError('INVALID_INPUT', () => db.backup(path, { onProgress }));
    expect([error.field, driverErrorOf(error), calls]).toEqual(['options.onProgress', reason, 2]);
    expect(readdirSync(directory)).toEqual([]);
    await db.backup(path);
  });

  describeUnless(whyNoSmallDisk(), 'on a small disk', () => {
    test.each([1, 8])('backup fails with STORAGE_FULL when a disk of %i MiB is full', async (megabytes) => {
      const { db } = await openForBackup();
      await fillLarge({ db }, 12);
      const { path } = openSmallDisk(megabytes);
      const error = await expectError('STORAGE_FULL', () => db.backup(join(path, 'b.sqlite')));
      expect(error.message).toBe('Failed to back up database: the storage of the backup is full');
      expect(readdirSync(path)).toEqual([]);
      expect(await db.check()).toEqual(soundReport);
    });
  });
});
