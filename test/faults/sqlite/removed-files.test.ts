import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDriver from 'better-sqlite3';
import { DatabaseService } from '../../../src';
import { nextLine, startProcess } from '../../support/child-process';
import { expectError } from '../../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../../support/factories';
import { soundReport } from '../../support/sound-database';
import { afterTest, openTestDatabase, temporaryDirectory } from '../../support/test-database';

/** Wait in milliseconds after which a read compares the files again: a comparison is valid for ten milliseconds. */
const momentMs = 15;

const newPath = (): string => join(temporaryDirectory(), 'test.sqlite');

/** Opens a database in another process, which writes these certificates. */
async function openInProcess(path: string, ...ids: readonly string[]) {
  const child = startProcess(join(__dirname, 'guarded-process.ts'), `file:${path}`);
  expect(await nextLine(child)).toBe('open');
  for (const id of ids) expect(await child.ask(`write ${id}`)).toBe(id);
  return child;
}

/** Opens a database in this process. The last rows of the database are only in its log. */
async function openWithLog(path = newPath()) {
  const database = await openTestDatabase({ url: `file:${path}`, cache: {}, busyTimeoutMs: 1000 });
  const certificateId = await createCertificate(database.db, { id: 'c' });
  await createAgent(database.db, { id: 'kept', certificateId });
  const write = (id: string) => database.db.createAgent(agentInput({ id, certificateId }));
  return { ...database, path, write };
}

/** Creates another database of this package, and returns its bytes. */
async function createOther(path: string): Promise<Buffer> {
  const db = new DatabaseService({ url: `file:${path}` });
  await db.initialize();
  for (let count = 0; count < 30; count += 1) await createAgent(db, { name: `Other ${count}` });
  await createAgent(db, { id: 'other' });
  await db.close();
  return readFileSync(path);
}

/** Asserts that the database at a path is undamaged and has exactly these certificates. */
async function expectKept(path: string, ids: readonly string[]): Promise<void> {
  const { db } = await openTestDatabase({ url: `file:${path}`, busyTimeoutMs: 1000 });
  expect((await db.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual([...ids].sort());
  expect(await db.check()).toEqual(soundReport);
  await db.close();
}

/** A change of the files of a database; returns the path of the database afterwards. */
type Damage = (path: string) => string;

const remove = (...suffixes: readonly string[]): Damage => {
  return (path) => {
    for (const suffix of suffixes) rmSync(path + suffix);
    return path;
  };
};
const replaceByCopy = (suffix: string): Damage => {
  return (path) => {
    copyFileSync(path + suffix, `${path}-copy`);
    renameSync(`${path}-copy`, path + suffix);
    return path;
  };
};
const rename: Damage = (path) => {
  renameSync(path, `${path}-moved`);
  return `${path}-moved`;
};
const renameFolder: Damage = (path) => {
  const folder = dirname(path);
  renameSync(folder, `${folder}-moved`);
  afterTest(() => rmSync(`${folder}-moved`, { recursive: true, force: true }));
  return join(`${folder}-moved`, path.slice(folder.length));
};

/** Changes after which the database of the other process still exists somewhere. */
const damages: readonly (readonly [string, Damage])[] = [
  ['its log is removed', remove('-wal')],
  ['its log and the index of the log are removed', remove('-wal', '-shm')],
  ['the index of its log is removed', remove('-shm')],
  ['the index of its log is replaced by a copy', replaceByCopy('-shm')],
  ['its log is replaced by a copy', replaceByCopy('-wal')],
  ['it is renamed', rename],
  [
    'it is renamed and its log is removed',
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

/** Changes after which the path of the database leads to another file or to no file. */
const replacements: readonly (readonly [string, (path: string) => unknown])[] = [
  ['removed', remove('')],
  ['removed with its log and index', remove('', '-wal', '-shm')],
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

/** The path that a process is given, and the path of the file itself. */
type Place = readonly [path: string, real: string];

function plainPlace(): Place {
  const path = newPath();
  return [path, path];
}

function linkedPlace(): Place {
  const [path, real] = [join(temporaryDirectory(), 'link.sqlite'), newPath()];
  symlinkSync(real, path);
  return [path, real];
}

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
  test.each(damages)('loses no acknowledged write when %s', async (_damage, damage) => {
    const [path, real] = place();
    const { ask, kill } = await openInProcess(path, 'a1', 'a2', 'a3');
    const found = damage(real);
    if (end === 'closed') expect(await ask('close')).toBe('closed');
    else {
      for (const order of ['write b1', 'write b2', 'read a1']) expect(await ask(order)).toBe('UNAVAILABLE');
      await kill();
    }
    await expectKept(found, ['a1', 'a2', 'a3']);
  });
});

describe.each(replacements)('a database whose file is %s while it is open', (_, replace) => {
  test('fails all calls with UNAVAILABLE a moment later', async () => {
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

  test('does not commit a transaction that is open', async () => {
    const { db, path } = await openWithLog();
    await createOther(`${path}-other`);
    await expectError('UNAVAILABLE', () =>
      db.transaction(async (tx) => {
        await tx.createAgent(agentInput({ id: 'lost', certificateId: 'c' }));
        replace(path);
        await sleep(momentMs);
      }),
    );
  });
});

test.each(replacements.filter(([what]) => /^(removed|moved away|replaced by another database)$/.test(what)))(
  'a path whose file was %s while another process had it open can be opened after that process saves its log',
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

describe('the file that replaced an open database', () => {
  test.each(['is closed after a failed write', 'is closed', 'is not closed after a failed write'])(
    'is not changed when the first database %s, and can be opened',
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
});

describe('a file that was moved away while it was open', () => {
  test('has all acknowledged writes after the database is closed', async () => {
    const { db, path } = await openWithLog();
    rename(path);
    await db.close();
    const driver = new SqliteDriver(`${path}-moved`, { readonly: true });
    afterTest(() => void driver.close());
    expect(driver.prepare('SELECT id FROM agents').pluck().all()).toEqual(['kept']);
  });

  test('is used again after it is moved back', async () => {
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

test('a database whose log is removed fails the next write and loses no acknowledged write', async () => {
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

test('a database whose log was removed refuses other processes until its changes are saved', async () => {
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

test('a database whose log was removed loses no acknowledged write when a read detects it during a transaction', async () => {
  const path = newPath();
  const { ask, kill } = await openInProcess(path, 'a1');
  expect(await ask('hold b1')).toBe('held');
  rmSync(`${path}-wal`);
  await sleep(momentMs);
  expect(await ask('read a1')).toBe('UNAVAILABLE');
  await kill();
  await expectKept(path, ['a1']);
});

test('a database whose log index was removed opens again after every service of the process closes it', async () => {
  const { db, path, options, write } = await openWithLog();
  const { db: second } = await openTestDatabase(options);
  rmSync(`${path}-shm`);
  await expectError('UNAVAILABLE', () => write('lost'));
  await db.close();
  // SQLite would share the second service's index, which no other process sees.
  await expectError('UNAVAILABLE', () => db.initialize());
  await second.close();
  await db.initialize();
  expect(await db.getAgent('kept')).toMatchObject({ id: 'kept' });
  expect(await db.check()).toEqual(soundReport);
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

describe('a database whose log has two indexes', () => {
  /**
   * Opens the database in two processes. The second process opens it after the index is removed, and creates its own
   * index.
   */
  async function openTwice() {
    const path = newPath();
    const first = await openInProcess(path, 'a1');
    rmSync(`${path}-shm`);
    return { path, first, second: await openInProcess(path, 'c1', 'c2') };
  }

  test('keeps the writes of both processes when the first process calls again', async () => {
    const { first, second, path } = await openTwice();
    expect(await first.ask('write b1')).toBe('UNAVAILABLE');
    expect(await second.ask('write c3')).toBe('c3');
    expect(await first.ask('close')).toBe('closed');
    expect(await second.ask('write c4')).toBe('c4');
    expect(await second.ask('close')).toBe('closed');
    await expectKept(path, ['a1', 'c1', 'c2', 'c3', 'c4']);
  });

  test.each(['close', 'exit'])('keeps all writes when the second closes it and the first ends by %s', async (end) => {
    const { first, second, path } = await openTwice();
    expect(await second.ask('close')).toBe('closed');
    const answer = first.ask(end);
    await (end === 'exit' ? first.ended : answer);
    await expectKept(path, ['a1', 'c1', 'c2']);
  });

  test('keeps the writes of both processes when the first has an open transaction', async () => {
    const path = newPath();
    const first = await openInProcess(path, 'a1');
    expect(await first.ask('hold b1')).toBe('held');
    rmSync(`${path}-shm`);
    const second = await openInProcess(path, 'c1');
    expect(await first.ask('commit')).toBe('UNAVAILABLE');
    expect(await second.ask('write c2')).toBe('c2');
    expect(await first.ask('close')).toBe('closed');
    expect(await second.ask('close')).toBe('closed');
    await expectKept(path, ['a1', 'c1', 'c2']);
  });

  test('accepts calls of the first process again after it closes and opens the database', async () => {
    const { first, second, path } = await openTwice();
    expect(await first.ask('write b1')).toBe('UNAVAILABLE');
    expect(await first.ask('close')).toBe('closed');
    expect(await first.ask('initialize')).toBe('initialized');
    expect(await first.ask('write b2')).toBe('b2');
    expect(await second.ask('write c3')).toBe('c3');
    expect(await first.ask('read c3')).toBe('c3');
    for (const one of [second, first]) expect(await one.ask('close')).toBe('closed');
    await expectKept(path, ['a1', 'b2', 'c1', 'c2', 'c3']);
  });
});

test('an open database is not affected when another process writes to it and closes it', async () => {
  const path = newPath();
  const { ask, kill } = await openInProcess(path, 'a1');
  const { db } = await openTestDatabase({ url: `file:${path}` });
  await db.createCertificate(certificateInput({ id: 'c1' }));
  await db.close();
  expect(await ask('write b1')).toBe('b1');
  await sleep(momentMs);
  expect(await ask('read c1')).toBe('c1');
  await kill();
  await expectKept(path, ['a1', 'b1', 'c1']);
});

test('a database in memory can be used after its directory is removed', async () => {
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
