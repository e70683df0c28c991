import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDriver from '../../support/sqlite-driver';
import { DatabaseService } from '../../../src';
import { expectError } from '../../support/expect-error';
import { agentInput, certificateInput, createAgent, eventInput } from '../../support/factories';
import { soundReport } from '../../support/sound-database';
import { afterTest, openTestDatabase } from '../../support/test-database';
import { expectKept, momentMs, newPath, openInProcess, openWithLog, remove, rename, replaceByCopy } from './open-files';

/** Creates another database of this package, and returns its bytes. */
async function createOther(path: string): Promise<Buffer> {
  const db = new DatabaseService({ url: `file:${path}` });
  await db.initialize();
  for (let count = 0; count < 30; count += 1) await createAgent(db, { name: `Other ${count}` });
  await createAgent(db, { id: 'other' });
  await db.close();
  return readFileSync(path);
}

/** Changes after which the path of the database leads to another file or to no file. */
const replacements: readonly (readonly [string, (path: string) => unknown])[] = [
  ['removed', remove('')],
  ['removed with its -wal and -shm files', remove('', '-wal', '-shm')],
  ['moved away', rename],
  ['replaced by another database', (path) => renameSync(`${path}-other`, path)],
  ['replaced by an older copy', replaceByCopy('')],
  [
    'replaced by a text',
    (path) => {
      rmSync(path);
      writeFileSync(path, 'No database. '.repeat(1000));
    },
  ],
];

describe.each(replacements)('file that is %s', (damage, replace) => {
  test(`all calls fail with UNAVAILABLE after the file of the open database was ${damage}`, async () => {
    const { db, path, write } = await openWithLog();
    await createOther(`${path}-other`);
    await db.getAgent('kept');
    replace(path);
    await sleep(momentMs);
    for (const call of [
      () => write('lost'),
      () => db.recordSecurityEvent(eventInput()),
      () => db.updateCertificateStatus('c', 'SUSPENDED'),
      () => db.transaction((tx) => tx.createAgent(agentInput({ certificateId: 'c' }))),
      () => db.transaction((tx) => tx.updateCertificateStatus('c', 'SUSPENDED')),
      () => db.check(),
    ]) {
      const error = await expectError('UNAVAILABLE', call);
      expect(error.retryable).toBe(false);
      expect(error.message).toContain('was removed or replaced');
    }
    await expectError('UNAVAILABLE', () => db.getAgent('kept'));
    await expectError('UNAVAILABLE', () => db.queryAgents({}));
    await db.close();
  });
});

test.each(replacements.filter(([what]) => /^(removed|moved away|replaced by another database)$/.test(what)))(
  'a new database opens at a path whose file was %s after the other process has detected the change',
  async (_, replace) => {
    const path = newPath();
    await (await openTestDatabase({ url: `file:${path}-other` })).db.close();
    const { ask } = await openInProcess(path, 'a1', 'a2');
    replace(path);
    const db = new DatabaseService({ url: `file:${path}`, busyTimeoutMs: 1000 });
    afterTest(() => db.close());
    await expect(db.initialize()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(await ask('write a3')).toBe('UNAVAILABLE');
    await db.initialize();
    const create = (id: string) => db.createCertificate(certificateInput({ id }));
    for (const id of ['b1', 'b2']) await create(id);
    expect(await ask('write a4')).toBe('UNAVAILABLE');
    await create('b3');
    expect(await ask('close')).toBe('closed');
    await create('b4');
    await db.close();
    await expectKept(path, ['b1', 'b2', 'b3', 'b4']);
  },
);

test.each(['is closed after a failed write', 'is closed', 'is not closed after a failed write'])(
  'the file that replaced an open database stays unchanged when the first database %s',
  async (what) => {
    const { db, path, options, write } = await openWithLog();
    const other = await createOther(`${path}-other`);
    renameSync(`${path}-other`, path);
    await sleep(momentMs);
    if (what.includes('failed')) await expectError('UNAVAILABLE', () => write('lost'));
    expect(readFileSync(path).equals(other)).toBe(true);
    if (!what.includes('not')) await db.close();
    expect(readFileSync(path).equals(other)).toBe(true);
    const next = what.includes('not') ? new DatabaseService(options) : db;
    afterTest(() => next.close());
    await next.initialize();
    expect(await next.check()).toEqual(soundReport);
    expect(await next.agents.count({})).toBe(31);
    expect(await next.getAgent('kept')).toBeNull();
    expect(await createAgent(next, { id: 'next' })).toBe('next');
  },
);

describe('moved files', () => {
  test('a database file that was moved while open contains all acknowledged writes after the database is closed', async () => {
    const { db, path } = await openWithLog();
    rename(path);
    await db.close();
    const driver = new SqliteDriver(`${path}-moved`, { readonly: true });
    afterTest(() => void driver.close());
    expect(driver.prepare('SELECT id FROM agents').pluck().all()).toEqual(['kept']);
  });

  test('an open database works again after its moved file is moved back', async () => {
    const { db, path, write } = await openWithLog();
    rename(path);
    await sleep(momentMs);
    await expectError('UNAVAILABLE', () => write('lost'));
    renameSync(`${path}-moved`, path);
    await write('next');
    expect(await db.check()).toEqual(soundReport);
    await db.close();
    await db.initialize();
    expect((await db.agents.getMany(['kept', 'next'])).map((agent) => agent?.id)).toEqual(['kept', 'next']);
  });
});
