import { copyFileSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { DatabaseService, isDatabaseError, type DatabaseErrorCode } from '../../../src';
import { createAgent, createCertificate, eventInput } from '../../support/factories';
import { expectError } from '../../support/expect-error';
import { afterTest, temporaryDirectory } from '../../support/test-database';

function createService(path: string): DatabaseService {
  const db = new DatabaseService({ url: `file:${path}`, retry: false });
  afterTest(() => db.close());
  return db;
}

const newPath = (): string => join(temporaryDirectory(), 'test.sqlite');

/** A database with a few hundred rows, as it is on the disk once it is closed; `ids` are those of its agents. */
async function closedDatabase() {
  const path = newPath();
  const db = createService(path);
  await db.initialize();
  const certificateId = await createCertificate(db);
  const ids: string[] = [];
  for (let count = 0; count < 40; count += 1)
    ids.push(await createAgent(db, { certificateId, name: `Agent ${count}` }));
  await db.events.recordMany(ids.map((id) => eventInput({ id })));
  await db.close();
  return { path, ids: ids.sort() };
}

/** Leaves the files of a process that was killed while the database was open: some rows are only in the log. */
async function killedDatabase() {
  const { path, ids } = await closedDatabase();
  const db = createService(path);
  await db.initialize();
  const certificateId = (await db.certificates.query({ limit: 1 }))[0]?.id ?? '';
  const late: string[] = [];
  for (let count = 0; count < 10; count += 1) late.push(await createAgent(db, { certificateId }));
  const copy = newPath();
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, copy + suffix);
  return { path: copy, ids, late };
}

/** Returns the ids of the agents of a database, or the code of the first error. */
async function look(path: string): Promise<{ readonly ids: readonly string[] } | { readonly code: DatabaseErrorCode }> {
  const db = createService(path);
  try {
    await db.initialize();
    const ids: string[] = [];
    for await (const { id } of db.agents.iterate({})) ids.push(id);
    const { ok } = await db.check();
    if (!ok) return { code: 'CORRUPT' };
    return { ids: ids.sort() };
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    return { code: error.code };
  } finally {
    await db.close();
  }
}

describe('A file of somebody else’s', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  test.each<[string, Buffer]>([
    ['a text', Buffer.from('This is a diary, and no database. '.repeat(100))],
    ['a short text', Buffer.from('xy')],
    ['a picture', png],
    ['zeros', Buffer.alloc(8192)],
  ])('that is %s is CORRUPT, and is left as it is', async (_what, bytes) => {
    const path = newPath();
    writeFileSync(path, bytes);
    const error = await expectError('CORRUPT', () => createService(path).initialize());
    expect(error.retryable).toBe(false);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test.each(['delete', 'wal'])(
    'that is another application’s database (journal mode %s) is refused, and left as it is',
    async (mode) => {
      const path = newPath();
      const driver = new SqliteDriver(path);
      driver.pragma(`journal_mode = ${mode}`);
      driver.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('theirs'); PRAGMA user_version = 7");
      driver.close();
      const before = readFileSync(path);
      await expectError('MIGRATION_FAILED', () => createService(path).initialize());
      const verifying = new DatabaseService({ url: `file:${path}`, migrations: 'verify' });
      await expectError('SCHEMA_OUTDATED', () => verifying.initialize());
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    },
  );

  test('that is empty becomes a database', async () => {
    const path = newPath();
    writeFileSync(path, '');
    expect(await look(path)).toEqual({ ids: [] });
  });
});

describe('A database whose bytes are not what they were', () => {
  test.each([2, 100, 4096, 20_000, 100_000])('cut to its first %i bytes is CORRUPT', async (size) => {
    const { path } = await closedDatabase();
    expect(statSync(path).size).toBeGreaterThan(size);
    truncateSync(path, size);
    expect(await look(path)).toEqual({ code: 'CORRUPT' });
  });

  // Where in the file: in the header of the first page, and in the pages after it.
  const places = [
    0,
    3,
    15,
    16,
    18,
    20,
    44,
    100,
    103,
    105,
    ...Array.from({ length: 30 }, (_, index) => 4096 * (1 + index * 2)),
  ];
  test('with a byte changed is CORRUPT, or found with all that it has: never something else', async () => {
    const { path, ids } = await closedDatabase();
    const whole = readFileSync(path);
    const outcomes: Record<string, number> = {};
    for (const place of places.filter((place) => place < whole.length)) {
      const bytes = Buffer.from(whole);
      for (let offset = 0; offset < 8; offset += 1) bytes[place + offset] = (bytes[place + offset] ?? 0) ^ 0x5a;
      const copy = newPath();
      writeFileSync(copy, bytes);
      const found = await look(copy);
      const outcome = 'code' in found ? found.code : 'found';
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if ('ids' in found) expect(found).toEqual({ ids });
      else expect([place, found.code]).toEqual([place, 'CORRUPT']);
    }
    expect(outcomes['CORRUPT']).toBeGreaterThan(20);
  });
});

describe('After a process was killed', () => {
  test('what its log holds is found', async () => {
    const { path, ids, late } = await killedDatabase();
    expect(await look(path)).toEqual({ ids: [...ids, ...late].sort() });
  });

  test.each<[string, (path: string) => void]>([
    ['garbage', (path) => writeFileSync(`${path}-shm`, Buffer.alloc(32_768, 'garbage'))],
    ['one page short', (path) => truncateSync(`${path}-shm`, 1000)],
    ['gone', (path) => rmSync(`${path}-shm`)],
  ])('an index of the log that is %s is made anew', async (_what, damage) => {
    const { path, ids, late } = await killedDatabase();
    damage(path);
    expect(await look(path)).toEqual({ ids: [...ids, ...late].sort() });
  });

  // The log is where they were: nothing else knows of them.
  test('a log that is gone takes with it what was in it alone, and leaves a sound database', async () => {
    const { path, ids } = await killedDatabase();
    rmSync(`${path}-wal`);
    expect(await look(path)).toEqual({ ids });
  });

  test.each([32, 33, 4152, 20_000, 41_000])(
    'a log that is cut to %i bytes, as by a loss of power, leaves the commits before the cut',
    async (size) => {
      const { path, ids, late } = await killedDatabase();
      truncateSync(`${path}-wal`, size);
      const found = await look(path);
      expect(found).toHaveProperty('ids');
      const foundIds = 'ids' in found ? found.ids : [];
      const kept = late.filter((id) => foundIds.includes(id));
      expect(foundIds).toEqual([...ids, ...kept].sort());
      expect(kept).toEqual(late.slice(0, kept.length));
    },
  );

  test('a log with a byte changed leaves the commits before it', async () => {
    const { path, ids, late } = await killedDatabase();
    const bytes = readFileSync(`${path}-wal`);
    const place = Math.floor(bytes.length / 2);
    bytes[place] = (bytes[place] ?? 0) ^ 0xff;
    writeFileSync(`${path}-wal`, bytes);
    const found = await look(path);
    const foundIds = 'ids' in found ? found.ids : [];
    const kept = late.filter((id) => foundIds.includes(id));
    expect(foundIds).toEqual([...ids, ...kept].sort());
    expect(kept).toEqual(late.slice(0, kept.length));
  });
});
