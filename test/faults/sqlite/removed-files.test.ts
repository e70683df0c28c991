import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../../src';
import { soundReport } from '../../support/sound-database';
import { nextLine, startProcess } from '../../support/child-process';
import { certificateInput } from '../../support/factories';
import { afterTest, temporaryDirectory } from '../../support/test-database';

/** Reads look at the files again after ten milliseconds. */
const momentMs = 15;

/** A process that has the database at `path` open, and what it was acknowledged. */
async function openInProcess(path: string) {
  const child = startProcess(join(__dirname, 'guarded-process.ts'), `file:${path}`);
  const acknowledged: string[] = [];
  const ask = async (order: string): Promise<string> => {
    const answer = nextLine(child);
    child.child.stdin?.write(`${order}\n`);
    const line = await answer;
    if (order.startsWith('write') && !/^[A-Z_]+$/.test(line)) acknowledged.push(line);
    return line;
  };
  const kill = async (): Promise<void> => {
    child.child.kill('SIGKILL');
    await child.ended;
  };
  expect(await nextLine(child)).toBe('open');
  for (const id of ['a1', 'a2', 'a3']) expect(await ask(`write ${id}`)).toBe(id);
  return { ask, kill, acknowledged, ended: child.ended };
}

/** Opens a database in this process, which is another one than the process of the test. */
async function open(path: string): Promise<DatabaseService> {
  const db = new DatabaseService({ url: `file:${path}`, busyTimeoutMs: 1000 });
  afterTest(() => db.close());
  await db.initialize();
  return db;
}

async function expectKept(path: string, ids: readonly string[]): Promise<void> {
  const db = await open(path);
  const kept = await db.certificates.query({ ids: [...ids] });
  expect(kept.map(({ id }) => id).sort()).toEqual([...ids].sort());
  expect(await db.check()).toEqual(soundReport);
  await db.close();
}

interface Place {
  /** The path that the process was given. */
  readonly path: string;
  /** The path of the file itself. */
  readonly real: string;
}

function plainPlace(): Place {
  const path = join(temporaryDirectory(), 'test.sqlite');
  return { path, real: path };
}

function linkedPlace(): Place {
  const [path, real] = [join(temporaryDirectory(), 'link.sqlite'), join(temporaryDirectory(), 'real.sqlite')];
  symlinkSync(real, path);
  return { path, real };
}

function linkedDirectoryPlace(): Place {
  const [link, directory] = [join(temporaryDirectory(), 'link'), temporaryDirectory()];
  symlinkSync(directory, link);
  return { path: join(link, 'test.sqlite'), real: join(directory, 'test.sqlite') };
}

const placesToKill = { 'a plain path': plainPlace, 'a symbolic link': linkedPlace };
const placesToClose = { 'a plain path': plainPlace, 'a linked folder': linkedDirectoryPlace };

/** Change of the files, and the path of the database afterwards. */
const faults: Readonly<Record<string, (place: Place) => string>> = {
  'its log was removed': ({ real }) => {
    rmSync(`${real}-wal`);
    return real;
  },
  'its log and the index of the log were removed': ({ real }) => {
    rmSync(`${real}-wal`);
    rmSync(`${real}-shm`);
    return real;
  },
  'the index of its log was removed': ({ real }) => {
    rmSync(`${real}-shm`);
    return real;
  },
  'the index of its log was replaced by a copy': ({ real }) => {
    copyFileSync(`${real}-shm`, `${real}-copy`);
    renameSync(`${real}-copy`, `${real}-shm`);
    return real;
  },
  'its log was replaced by a copy': ({ real }) => {
    copyFileSync(`${real}-wal`, `${real}-copy`);
    renameSync(`${real}-copy`, `${real}-wal`);
    return real;
  },
  'it was renamed': ({ real }) => {
    renameSync(real, `${real}-moved`);
    return `${real}-moved`;
  },
  'it was renamed, and its log removed': ({ real }) => {
    renameSync(real, `${real}-moved`);
    rmSync(`${real}-wal`);
    return `${real}-moved`;
  },
  'its folder was renamed': ({ real }) => {
    const folder = join(real, '..');
    renameSync(folder, `${folder}-moved`);
    afterTest(() => rmSync(`${folder}-moved`, { recursive: true, force: true }));
    return join(`${folder}-moved`, real.slice(folder.length));
  },
  'its folder was renamed, and another made in its place': ({ real }) => {
    const folder = join(real, '..');
    renameSync(folder, `${folder}-moved`);
    mkdirSync(folder);
    afterTest(() => rmSync(`${folder}-moved`, { recursive: true, force: true }));
    return join(`${folder}-moved`, real.slice(folder.length));
  },
};

describe.each(Object.entries(placesToKill))('A database that is opened through %s', (_place, makePlace) => {
  test.each(Object.entries(faults))('loses no acknowledged write after %s', async (_fault, damage) => {
    const place = makePlace();
    const { ask, kill, acknowledged } = await openInProcess(place.path);
    const path = damage(place);
    for (const id of ['b1', 'b2']) expect(await ask(`write ${id}`)).toBe('UNAVAILABLE');
    expect(await ask('read a1')).toBe('UNAVAILABLE');
    await kill();
    expect(acknowledged).toEqual(['a1', 'a2', 'a3']);
    await expectKept(path, acknowledged);
  });
});

describe.each(Object.entries(placesToClose))('A database that is opened through %s', (_place, makePlace) => {
  test.each(Object.entries(faults))(
    'loses no acknowledged write when it is closed after %s',
    async (_fault, damage) => {
      const place = makePlace();
      const { ask, acknowledged } = await openInProcess(place.path);
      const path = damage(place);
      expect(await ask('close')).toBe('closed');
      await expectKept(path, acknowledged);
    },
  );
});

test('a database whose symbolic link was changed to another file refuses calls and loses no acknowledged write', async () => {
  const place = linkedPlace();
  const other = join(temporaryDirectory(), 'other.sqlite');
  const { ask, kill, acknowledged } = await openInProcess(place.path);
  await (await open(other)).close();
  rmSync(place.path);
  symlinkSync(other, place.path);
  expect(await ask('write b1')).toBe('UNAVAILABLE');
  await sleep(momentMs);
  expect(await ask('read a1')).toBe('UNAVAILABLE');
  await kill();
  await expectKept(place.real, acknowledged);
  await expectKept(other, []);
});

describe('a database whose log has two indexes', () => {
  /** Another process opens the database after the index was removed, and makes an index of its own. */
  async function openTwice() {
    const place = plainPlace();
    const first = await openInProcess(place.path);
    rmSync(`${place.real}-shm`);
    const second = await openInProcessAgain(place.path);
    return { ...place, first, second, ids: [...first.acknowledged, ...second.acknowledged] };
  }

  async function openInProcessAgain(path: string) {
    const child = startProcess(join(__dirname, 'guarded-process.ts'), `file:${path}`);
    const ask = async (order: string): Promise<string> => {
      const answer = nextLine(child);
      child.child.stdin?.write(`${order}\n`);
      return answer;
    };
    expect(await nextLine(child)).toBe('open');
    const acknowledged = ['c1', 'c2', 'c3'];
    for (const id of acknowledged) expect(await ask(`write ${id}`)).toBe(id);
    return { ask, acknowledged, ended: child.ended };
  }

  test('keeps the writes of both processes when the first process calls again', async () => {
    const { first, second, path, ids } = await openTwice();
    expect(await first.ask('write b1')).toBe('UNAVAILABLE');
    expect(await second.ask('write c4')).toBe('c4');
    expect(await first.ask('close')).toBe('closed');
    expect(await second.ask('write c5')).toBe('c5');
    expect(await second.ask('close')).toBe('closed');
    await expectKept(path, [...ids, 'c4', 'c5']);
  });

  test.each(['close', 'exit'])(
    'keeps the writes of both processes when the second closes and the first ends by %s',
    async (end) => {
      const { first, second, path, ids } = await openTwice();
      expect(await second.ask('close')).toBe('closed');
      const answer = first.ask(end);
      await (end === 'exit' ? first.ended : answer);
      await expectKept(path, ids);
    },
  );

  test('keeps the writes of both processes when the first has an open transaction', async () => {
    const place = plainPlace();
    const first = await openInProcess(place.path);
    expect(await first.ask('hold b1')).toBe('held');
    rmSync(`${place.real}-shm`);
    const second = await openInProcessAgain(place.path);
    expect(await first.ask('commit')).toBe('UNAVAILABLE');
    expect(await second.ask('write c4')).toBe('c4');
    expect(await first.ask('close')).toBe('closed');
    expect(await second.ask('close')).toBe('closed');
    await expectKept(place.path, [...first.acknowledged, ...second.acknowledged, 'c4']);
  });

  test('accepts calls of the first process again after it closes and opens the database', async () => {
    const { first, second, path, ids } = await openTwice();
    expect(await first.ask('write b1')).toBe('UNAVAILABLE');
    expect(await first.ask('close')).toBe('closed');
    expect(await first.ask('initialize')).toBe('initialized');
    expect(await first.ask('write b2')).toBe('b2');
    expect(await second.ask('write c4')).toBe('c4');
    expect(await first.ask('read c4')).toBe('c4');
    expect(await second.ask('close')).toBe('closed');
    expect(await first.ask('close')).toBe('closed');
    await expectKept(path, [...ids, 'b2', 'c4']);
  });
});

test('a database whose log was removed refuses other processes until its changes are saved', async () => {
  const { path, real } = plainPlace();
  const { ask, acknowledged } = await openInProcess(path);
  rmSync(`${real}-wal`);
  const other = new DatabaseService({ url: `file:${path}`, busyTimeoutMs: 50 });
  afterTest(() => other.close());
  await expect(other.initialize()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await ask('write b1')).toBe('UNAVAILABLE');
  await other.initialize();
  await other.createCertificate(certificateInput({ id: 'c1' }));
  expect(await ask('close')).toBe('closed');
  await other.close();
  expect(existsSync(real)).toBe(true);
  await expectKept(path, [...acknowledged, 'c1']);
});

test('a database whose log was removed loses no acknowledged write when a read detects it during a transaction', async () => {
  const { path, real } = plainPlace();
  const { ask, kill, acknowledged } = await openInProcess(path);
  expect(await ask('hold b1')).toBe('held');
  rmSync(`${real}-wal`);
  await sleep(momentMs);
  expect(await ask('read a1')).toBe('UNAVAILABLE');
  await kill();
  await expectKept(path, acknowledged);
});

test('an open database is not affected by other processes that checkpoint, vacuum and close', async () => {
  const { path } = plainPlace();
  const { ask, acknowledged, kill } = await openInProcess(path);
  const db = await open(path);
  await db.createCertificate(certificateInput({ id: 'c1' }));
  await db.close();
  expect(await ask('write b1')).toBe('b1');
  await sleep(momentMs);
  expect(await ask('read c1')).toBe('c1');
  await kill();
  await expectKept(path, [...acknowledged, 'c1']);
});
