import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDriver from '../../support/sqlite-driver';
import { DatabaseService } from '../../../src';
import { expectError } from '../../support/expect-error';
import { certificateInput, createAgent } from '../../support/factories';
import { soundReport } from '../../support/sound-database';
import { afterTest, openTestDatabase, temporaryDirectory } from '../../support/test-database';
import {
  expectKept,
  linkedPlace,
  momentMs,
  newPath,
  openInProcess,
  openWithLog,
  plainPlace,
  remove,
  rename,
  replaceByCopy,
  type Damage,
  type Place,
} from './open-files';

const renameFolder: Damage = (path) => {
  const folder = dirname(path);
  renameSync(folder, `${folder}-moved`);
  afterTest(() => rmSync(`${folder}-moved`, { recursive: true, force: true }));
  return join(`${folder}-moved`, path.slice(folder.length));
};

/** Changes after which the database of the other process still exists somewhere. */
const damages: readonly (readonly [string, Damage])[] = [
  ['its -wal file is removed', remove('-wal')],
  ['its -wal and -shm files are removed', remove('-wal', '-shm')],
  ['its -shm file is removed', remove('-shm')],
  ['its -shm file is replaced by a copy', replaceByCopy('-shm')],
  ['its -wal file is replaced by a copy', replaceByCopy('-wal')],
  ['it is renamed', rename],
  [
    'it is renamed and its -wal file is removed',
    (path) => {
      rmSync(`${path}-wal`);
      return rename(path);
    },
  ],
  ['its folder is renamed', renameFolder],
  [
    'its folder is renamed and another one created',
    (path) => {
      const moved = renameFolder(path);
      mkdirSync(dirname(path));
      return moved;
    },
  ],
];

function placeInLinkedFolder(): Place {
  const [link, real] = [join(temporaryDirectory(), 'link'), newPath()];
  symlinkSync(dirname(real), link);
  return [join(link, 'test.sqlite'), real];
}

describe.each([
  ['killed', 'a plain path', plainPlace],
  ['killed', 'a symbolic link', linkedPlace],
  ['closed', 'a plain path', plainPlace],
  ['closed', 'a linked folder', placeInLinkedFolder],
] as const)('a database that is %s after another process opened it through %s', (end, _, place) => {
  test.each(damages)(
    `a process that ${end === 'killed' ? 'is killed' : 'closes'} after a change of the database files loses no acknowledged write: %s`,
    async (_damage, damage) => {
      const [path, real] = place();
      const { ask, kill } = await openInProcess(path, 'a1', 'a2', 'a3');
      const found = damage(real);
      if (end === 'closed') expect(await ask('close')).toBe('closed');
      else {
        for (const order of ['write b1', 'write b2', 'read a1']) expect(await ask(order)).toBe('UNAVAILABLE');
        await kill();
      }
      await expectKept(found, ['a1', 'a2', 'a3']);
    },
  );
});

test('a write to a database whose -wal file was removed fails with UNAVAILABLE, and no acknowledged write is lost', async () => {
  const { db, path, write } = await openWithLog();
  await db.getAgent('kept');
  rmSync(`${path}-wal`);
  const acknowledged: string[] = ['kept'];
  await expectError('UNAVAILABLE', async () => {
    for (;;) acknowledged.push(await write(`more-${acknowledged.length}`));
  });
  await db.close();
  await db.initialize();
  expect(await db.agents.count({ ids: acknowledged })).toBe(acknowledged.length);
  expect(await db.check()).toEqual(soundReport);
});

test('a database whose -wal file was removed refuses other processes until its changes are saved', async () => {
  const path = newPath();
  const { ask } = await openInProcess(path, 'a1', 'a2', 'a3');
  rmSync(`${path}-wal`);
  const other = new DatabaseService({ url: `file:${path}`, busyTimeoutMs: 50 });
  afterTest(() => other.close());
  await expect(other.initialize()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await ask('write b1')).toBe('UNAVAILABLE');
  await other.initialize();
  await other.createCertificate(certificateInput({ id: 'c1' }));
  expect(await ask('close')).toBe('closed');
  await other.close();
  await expectKept(path, ['a1', 'a2', 'a3', 'c1']);
});

test('a read in a transaction that detects a removed -wal file loses no acknowledged write', async () => {
  const path = newPath();
  const { ask, kill } = await openInProcess(path, 'a1');
  expect(await ask('hold b1')).toBe('held');
  rmSync(`${path}-wal`);
  await sleep(momentMs);
  expect(await ask('read a1')).toBe('UNAVAILABLE');
  await kill();
  await expectKept(path, ['a1']);
});

test('a database whose symbolic link was changed to another file refuses calls and loses no acknowledged write', async () => {
  const [path, real] = linkedPlace();
  const other = newPath();
  const { ask, kill } = await openInProcess(path, 'a1');
  await (await openTestDatabase({ url: `file:${other}` })).db.close();
  rmSync(path);
  symlinkSync(other, path);
  expect(await ask('write b1')).toBe('UNAVAILABLE');
  await sleep(momentMs);
  expect(await ask('read a1')).toBe('UNAVAILABLE');
  await kill();
  await expectKept(real, ['a1']);
  await expectKept(other, []);
});

test('an open database remains usable when other processes write, run checkpoints and VACUUM, and close the database', async () => {
  const path = newPath();
  const { ask, kill } = await openInProcess(path, 'a1');
  const { db } = await openTestDatabase({ url: `file:${path}` });
  await db.createCertificate(certificateInput({ id: 'c1' }));
  await db.close();
  const driver = new SqliteDriver(path);
  for (const order of ['wal_checkpoint(TRUNCATE)', 'VACUUM', 'wal_checkpoint(RESTART)']) {
    // A checkpoint reports with 0 that nothing kept it from saving the whole log.
    if (order === 'VACUUM') driver.exec(order);
    else expect(driver.pragma(order)).toMatchObject([{ busy: 0 }]);
  }
  driver.close();
  expect(await ask('write b1')).toBe('b1');
  await sleep(momentMs);
  expect(await ask('read c1')).toBe('c1');
  await kill();
  await expectKept(path, ['a1', 'b1', 'c1']);
});

test('a database in memory remains usable after its temporary directory is removed', async () => {
  const memory = '/dev/shm';
  const directories = (): string[] => (existsSync(memory) ? readdirSync(memory) : []);
  const before = new Set(directories());
  const { db } = await openTestDatabase({ url: ':memory:' });
  for (const name of directories()) {
    if (!before.has(name) && name.startsWith('ans-database-')) rmSync(join(memory, name), { recursive: true });
  }
  await createAgent(db, { id: 'kept' });
  expect(await db.getAgent('kept')).toMatchObject({ id: 'kept' });
});
