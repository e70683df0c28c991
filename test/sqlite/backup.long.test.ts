import { copyFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type BackupProgress } from '../../src';
import { nextLine, startProcess } from '../support/child-process';
import { longestBlockMs } from '../support/event-loop';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { expectError } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { fill, soundReport } from '../support/sound-database';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';
import { fillLarge } from './backups';

const backupPath = (): string => join(temporaryDirectory(), 'backup.sqlite');
const openCopy = async (path: string): Promise<DatabaseService> => (await openTestDatabase({ url: `file:${path}` })).db;

describe('db.backup()', () => {
  test('ends while this process and another one write, and holds one state of the database', async () => {
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

  test('does not block the event loop for more than 150 ms', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 60);
    expect(await longestBlockMs(() => database.db.backup(backupPath()))).toBeLessThan(150);
  });

  test('writes the last committed state inside a transaction', async () => {
    const { db } = await openTestDatabase();
    const path = backupPath();
    await db.transaction(async (tx) => {
      await tx.recordSecurityEvent(eventInput());
      await db.backup(path);
    });
    expect(await (await openCopy(path)).events.count()).toBe(0);
  });

  test('copies a database with an older schema', async () => {
    const database = await openTestDatabase();
    await changeRaw(database, "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_directory'");
    const path = backupPath();
    await database.db.backup(path);
    const copy = new DatabaseService({ url: `file:${path}`, migrations: 'verify' });
    afterTest(() => copy.close());
    await expectError('SCHEMA_OUTDATED', () => copy.initialize());
  });

  test('is awaited by close()', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 4);
    const path = backupPath();
    const backup = database.db.backup(path);
    await database.db.close();
    expect(statSync(path).size).toBeGreaterThan(1_000_000);
    await backup;
  });

  test('writes a file that can replace the database', async () => {
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
