import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDriver from 'better-sqlite3';
import { DatabaseService } from '../../../src';
import { soundReport } from '../../support/sound-database';
import { agentInput, createAgent, createCertificate, eventInput } from '../../support/factories';
import { expectError } from '../../support/expect-error';
import { afterTest, openTestDatabase, temporaryDirectory } from '../../support/test-database';

/** The files are not looked at again within ten milliseconds. */
const momentMs = 15;

/** A database that is open, with rows that are in its write-ahead log alone. */
async function openWithLog() {
  const path = join(temporaryDirectory(), 'test.sqlite');
  const database = await openTestDatabase({ url: `file:${path}`, cache: {} });
  const certificateId = await createCertificate(database.db, { id: 'c' });
  await createAgent(database.db, { id: 'kept', certificateId });
  return { ...database, path, certificateId };
}

/** A database of this package at another path, with an agent, closed. */
async function anotherDatabase(path: string): Promise<Buffer> {
  const db = new DatabaseService({ url: `file:${path}` });
  await db.initialize();
  for (let count = 0; count < 30; count += 1) await createAgent(db, { name: `Other ${count}` });
  await createAgent(db, { id: 'other' });
  await db.close();
  return readFileSync(path);
}

/** Does what makes a file that is open another one than that at its path. */
const ways: Readonly<Record<string, (path: string) => void>> = {
  removed: (path) => rmSync(path),
  'removed with all that belongs to it': (path) => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix);
  },
  'moved away': (path) => renameSync(path, `${path}-moved`),
  'replaced by another database': (path) => renameSync(`${path}-other`, path),
  'replaced by an older copy': (path) => {
    copyFileSync(path, `${path}-copy`);
    renameSync(`${path}-copy`, path);
  },
  'replaced by a text': (path) => {
    rmSync(path);
    writeFileSync(path, 'No database. '.repeat(1000));
  },
};

describe.each(Object.entries(ways))('A database whose file was %s while it was open', (_way, work) => {
  test('acknowledges and answers nothing a moment later', async () => {
    const { db, path, certificateId } = await openWithLog();
    await anotherDatabase(`${path}-other`);
    await db.getAgent('kept');
    work(path);
    await sleep(momentMs);
    const writes: (() => Promise<unknown>)[] = [
      () => db.createAgent(agentInput({ certificateId })),
      () => db.recordSecurityEvent(eventInput()),
      () => db.updateCertificateStatus('c', 'SUSPENDED'),
      () => db.transaction((tx) => tx.createAgent(agentInput({ certificateId }))),
      () => db.transaction((tx) => tx.updateCertificateStatus('c', 'SUSPENDED')),
      () => db.check(),
    ];
    for (const write of writes) {
      const error = await expectError('UNAVAILABLE', write);
      expect(error.retryable).toBe(false);
      expect(error.message).toContain('was removed or replaced');
    }
    await expectError('UNAVAILABLE', () => db.getAgent('kept'));
    await expectError('UNAVAILABLE', () => db.queryAgents({}));
    await db.close();
  });

  test('also in the middle of a transaction, which is not committed', async () => {
    const { db, path, certificateId } = await openWithLog();
    await anotherDatabase(`${path}-other`);
    await expectError('UNAVAILABLE', () =>
      db.transaction(async (tx) => {
        await tx.createAgent(agentInput({ id: 'lost', certificateId }));
        work(path);
        await sleep(momentMs);
      }),
    );
  });
});

describe('What takes the place of a file that is open', () => {
  async function openAndReplace() {
    const database = await openWithLog();
    const { path } = database;
    const other = await anotherDatabase(`${path}-other`);
    renameSync(`${path}-other`, path);
    await sleep(momentMs);
    const expectUnchanged = (): void => expect(readFileSync(path).equals(other)).toBe(true);
    const expectOther = async (db: DatabaseService): Promise<void> => {
      await db.initialize();
      expect(await db.check()).toEqual(soundReport);
      expect(await db.agents.count({})).toBe(31);
      expect(await db.getAgent('kept')).toBeNull();
      expect(await createAgent(db, { id: 'next' })).toBe('next');
    };
    return { ...database, expectUnchanged, expectOther };
  }

  // At its first opening it would be given whatever the other's write-ahead log still holds.
  test('is not changed by the one that was, neither then nor when it is opened', async () => {
    const { db, certificateId, expectUnchanged, expectOther } = await openAndReplace();
    await expectError('UNAVAILABLE', () => db.createAgent(agentInput({ certificateId })));
    expectUnchanged();
    await db.close();
    expectUnchanged();
    await expectOther(db);
  });

  test('is not changed where nobody noticed before the end', async () => {
    const { db, expectUnchanged, expectOther } = await openAndReplace();
    await db.close();
    expectUnchanged();
    await expectOther(db);
  });

  test('is not changed where the process that had the file open ends without closing it', async () => {
    const { db, options, certificateId, expectUnchanged, expectOther } = await openAndReplace();
    await expectError('UNAVAILABLE', () => db.createAgent(agentInput({ certificateId })));
    expectUnchanged();
    const next = new DatabaseService(options);
    afterTest(() => next.close());
    await expectOther(next);
  });
});

describe('A file that was moved away', () => {
  test('has all that was acknowledged, once the database is closed', async () => {
    const { db, path } = await openWithLog();
    renameSync(path, `${path}-moved`);
    await db.close();
    const driver = new SqliteDriver(`${path}-moved`, { readonly: true });
    afterTest(() => void driver.close());
    expect(driver.prepare('SELECT id FROM agents').pluck().all()).toEqual(['kept']);
  });

  test('and put back is gone on with', async () => {
    const { db, path, certificateId } = await openWithLog();
    renameSync(path, `${path}-moved`);
    await sleep(momentMs);
    await expectError('UNAVAILABLE', () => db.createAgent(agentInput({ certificateId })));
    renameSync(`${path}-moved`, path);
    await db.createAgent(agentInput({ id: 'next', certificateId }));
    expect(await db.check()).toEqual(soundReport);
    await db.close();
    await db.initialize();
    expect((await db.agents.getMany(['kept', 'next'])).map((agent) => agent?.id)).toEqual(['kept', 'next']);
  });
});

test('A write-ahead log that was removed while the database is open is noticed soon, and nothing acknowledged is lost', async () => {
  const { db, path, certificateId } = await openWithLog();
  await db.getAgent('kept');
  rmSync(`${path}-wal`);
  const acknowledged: string[] = ['kept'];
  await expectError('UNAVAILABLE', async () => {
    for (;;) acknowledged.push(await db.createAgent(agentInput({ certificateId })));
  });
  await db.close();
  await db.initialize();
  expect(await db.agents.count({ ids: acknowledged })).toBe(acknowledged.length);
  expect(await db.check()).toEqual(soundReport);
});

test('A database in memory goes on without a file that has a name', async () => {
  const directories = (): string[] => (existsSync(memory) ? readdirSync(memory) : []);
  const memory = '/dev/shm';
  const before = new Set(directories());
  const { db } = await openTestDatabase({ url: ':memory:' });
  for (const name of directories()) {
    if (!before.has(name) && name.startsWith('ans-database-')) rmSync(join(memory, name), { recursive: true });
  }
  await createAgent(db, { id: 'kept' });
  expect(await db.getAgent('kept')).toMatchObject({ id: 'kept' });
});

test('a database whose log index was removed opens again after every service of the process closes it', async () => {
  const { db, path, options, certificateId } = await openWithLog();
  const { db: second } = await openTestDatabase(options);
  rmSync(`${path}-shm`);
  await expectError('UNAVAILABLE', () => db.createAgent(agentInput({ certificateId })));
  await db.close();
  // SQLite would share the second service's index, which no other process sees.
  await expectError('UNAVAILABLE', () => db.initialize());
  await second.close();
  await db.initialize();
  expect(await db.getAgent('kept')).toMatchObject({ id: 'kept' });
  expect(await db.check()).toEqual(soundReport);
});
