import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService, isDatabaseError, type DatabaseErrorCode } from '../../../src';
import { createAgent, createCertificate, eventInput } from '../../support/factories';
import { afterTest, temporaryDirectory } from '../../support/test-database';

function createService(path: string): DatabaseService {
  const db = new DatabaseService({ url: `file:${path}`, retry: false });
  afterTest(() => db.close());
  return db;
}

const newPath = (): string => join(temporaryDirectory(), 'test.sqlite');

/** Creates a database with a few hundred rows and closes it; `ids` are those of its agents. */
async function closedDatabase() {
  const path = newPath();
  const db = createService(path);
  await db.initialize();
  const certificateId = await createCertificate(db, { id: 'c' });
  const ids: string[] = [];
  for (let count = 0; count < 40; count += 1) ids.push(await createAgent(db, { certificateId }));
  await db.events.recordMany(ids.map((id) => eventInput({ id })));
  await db.close();
  return { path, ids: ids.sort() };
}

/**
 * Returns the files of a process that was killed while the database was open: the agents `late` are only in the log.
 */
async function killedDatabase() {
  const { path, ids } = await closedDatabase();
  const db = createService(path);
  await db.initialize();
  const late: string[] = [];
  for (let count = 0; count < 10; count += 1) late.push(await createAgent(db, { certificateId: 'c' }));
  const copy = newPath();
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, copy + suffix);
  return { path: copy, ids, late };
}

/** Returns the ids of the agents of a database, or the code of the first error. */
async function look(path: string): Promise<readonly string[] | DatabaseErrorCode> {
  const db = createService(path);
  try {
    await db.initialize();
    const ids: string[] = [];
    for await (const { id } of db.agents.iterate({})) ids.push(id);
    const { ok } = await db.check();
    return ok ? ids.sort() : 'CORRUPT';
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    return error.code;
  } finally {
    await db.close();
  }
}

test('an empty file is initialized as a new database', async () => {
  const path = newPath();
  writeFileSync(path, '');
  expect(await look(path)).toEqual([]);
});

test.each([2, 100, 4096, 20_000, 100_000])('a database file cut to %i bytes is reported as CORRUPT', async (size) => {
  const { path } = await closedDatabase();
  expect(statSync(path).size).toBeGreaterThan(size);
  truncateSync(path, size);
  expect(await look(path)).toBe('CORRUPT');
});

test('a database file with changed bytes is reported as CORRUPT or contains all of its rows', async () => {
  const { path, ids } = await closedDatabase();
  const whole = readFileSync(path);
  // In the header of the first page, and in the pages after it.
  const pages = Array.from({ length: 30 }, (_, index) => 4096 * (1 + index * 2));
  let corrupt = 0;
  for (const place of [0, 3, 15, 16, 18, 20, 44, 100, 103, 105, ...pages].filter((at) => at < whole.length)) {
    const bytes = Buffer.from(whole);
    for (let at = place; at < place + 8; at += 1) bytes[at] = (bytes[at] ?? 0) ^ 0x5a;
    const copy = newPath();
    writeFileSync(copy, bytes);
    const found = await look(copy);
    if (found === 'CORRUPT') corrupt += 1;
    else expect([place, found]).toEqual([place, ids]);
  }
  expect(corrupt).toBeGreaterThan(20);
});

describe('killed processes', () => {
  test.each<[string, (path: string) => void]>([
    ['unchanged', () => undefined],
    ['garbage', (path) => writeFileSync(`${path}-shm`, Buffer.alloc(32_768, 'garbage'))],
    ['one page short', (path) => truncateSync(`${path}-shm`, 1000)],
    ['missing', (path) => rmSync(`${path}-shm`)],
  ])(
    'initialize finds the rows in the write-ahead log of a killed process when the -shm file is %s',
    async (_, damage) => {
      const { path, ids, late } = await killedDatabase();
      damage(path);
      expect(await look(path)).toEqual([...ids, ...late].sort());
    },
  );

  test('a missing write-ahead log of a killed process loses only the rows in this log', async () => {
    const { path, ids } = await killedDatabase();
    rmSync(`${path}-wal`);
    expect(await look(path)).toEqual(ids);
  });

  test.each<[string, (path: string) => void]>([
    ...[32, 33, 4152, 20_000, 41_000].map((size): [string, (path: string) => void] => [
      `cut to ${size} bytes`,
      (path) => truncateSync(path, size),
    ]),
    [
      'changed in one byte',
      (path) => {
        const bytes = readFileSync(path);
        const place = Math.floor(bytes.length / 2);
        bytes[place] = (bytes[place] ?? 0) ^ 0xff;
        writeFileSync(path, bytes);
      },
    ],
  ])('initialize finds all commits before the damage when the write-ahead log is %s', async (_, damage) => {
    const { path, ids, late } = await killedDatabase();
    damage(`${path}-wal`);
    const found = await look(path);
    const kept = late.filter((id) => found.includes(id));
    expect(found).toEqual([...ids, ...kept].sort());
    expect(kept).toEqual(late.slice(0, kept.length));
  });
});
