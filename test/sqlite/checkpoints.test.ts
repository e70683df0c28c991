import { copyFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDriver from '../support/sqlite-driver';
import type { DatabaseOptions } from '../../src';
import { CheckpointThread } from '../../src/engines/sqlite/checkpoint-thread';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { collectLog } from '../support/collect-log';
import { createCertificate } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { soundReport } from '../support/sound-database';
import { afterTest, openTestDatabase, temporaryDirectory, type TestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

const mebibyte = 2 ** 20;
/** The smallest limit, so that a test has to write little. */
const maxWalBytes = 4 * mebibyte;
const overLimit = expect.stringContaining('larger than maxWalBytes because a reader holds an old snapshot') as string;

/** Opens a new database with the smallest limit. `write` stores a certificate of slightly more than `bytes` bytes. */
async function open(options: DatabaseOptions = {}) {
  const { logger, warnings } = collectLog();
  const database = await openTestDatabase({ maxWalBytes, logger, ...options });
  const path = database.options.url.replace('file:', '');
  const write = (bytes = 1): Promise<string> => createCertificate(database.db, { publicKey: 'x'.repeat(bytes) });
  const logSize = (): number => statSync(`${path}-wal`).size;
  return { ...database, path, write, logSize, warnings };
}

/** Holds a snapshot of the present state until the returned function is called. */
function holdSnapshot(path: string): () => void {
  const reader = new SqliteDriver(path, { readonly: true });
  afterTest(() => void reader.close());
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM agents').get();
  return () => void reader.close();
}

/** Returns the ids of the certificates in the database file without its log; none while the file is being written. */
function idsInFile(path: string): unknown[] {
  const copy = join(temporaryDirectory(), 'copy.sqlite');
  copyFileSync(path, copy);
  const driver = new SqliteDriver(copy);
  try {
    return driver.prepare('SELECT id FROM certificates').pluck().all();
  } catch {
    return [];
  } finally {
    driver.close();
  }
}

const countOf = async (database: TestDatabase): Promise<number> =>
  (await rawValues(database, 'certificates', 'id')).length;

async function expectSound(database: TestDatabase, certificates: number): Promise<void> {
  expect(await countOf(database)).toBe(certificates);
  expect(await database.db.check()).toEqual(soundReport);
}

afterEach(() => jest.restoreAllMocks());

describe('the write-ahead log', () => {
  test('the write-ahead log stays within maxWalBytes while four callers write without a pause', async () => {
    const database = await open();
    let [largest, written] = [0, 0];
    const writeOn = async (): Promise<void> => {
      while (written < 150) {
        written += 1;
        await database.write(100_000);
        largest = Math.max(largest, database.logSize());
      }
    };
    await Promise.all([writeOn(), writeOn(), writeOn(), writeOn()]);
    expect(largest).toBeGreaterThan(mebibyte);
    expect(largest).toBeLessThanOrEqual(maxWalBytes);
    expect(database.warnings).toEqual([]);
    await expectSound(database, written);
  });

  test('the write-ahead log is copied into the database file within seconds after the last write', async () => {
    const { db, path, write, logSize } = await open();
    while (logSize() < mebibyte) await write(100_000);
    const last = await createCertificate(db, { id: 'last' });
    const start = performance.now();
    await waitUntil(() => idsInFile(path).includes(last));
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('a write-ahead log that a snapshot keeps above maxWalBytes causes one warning, and health() returns degraded', async () => {
    const database = await open();
    const { db, warnings, write, logSize } = database;
    await write();
    const release = holdSnapshot(database.path);
    while (logSize() < 2 * maxWalBytes) await write(500_000);
    await waitUntil(() => warnings.length > 0);
    for (let count = 0; count < 5; count += 1) await write(500_000);
    await sleep(600);
    expect(warnings).toEqual([overLimit]);
    expect(await db.health()).toMatchObject({ status: 'degraded', warnings: [overLimit] });
    release();
    await waitUntil(() => logSize() < mebibyte);
    expect(await db.health()).toMatchObject({ status: 'up', warnings: [] });
    await expectSound(database, await countOf(database));
  });

  test('close() empties the write-ahead log in its thread and removes the file', async () => {
    const database = await open();
    const release = holdSnapshot(database.path);
    while (database.logSize() < 2 * maxWalBytes) await database.write(500_000);
    release();
    const run = jest.spyOn(CheckpointThread.prototype, 'run');
    const count = await countOf(database);
    await database.db.close();
    expect(run).toHaveBeenLastCalledWith(expect.objectContaining({ mode: 'empty' }));
    expect(existsSync(`${database.path}-wal`)).toBe(false);
    await database.db.initialize();
    await expectSound(database, count);
  });

  test('initialize() empties the write-ahead log that a killed process has left', async () => {
    const source = await open();
    holdSnapshot(source.path);
    while (source.logSize() < 2 * maxWalBytes) await source.write(500_000);
    const path = join(temporaryDirectory(), 'test.sqlite');
    for (const suffix of ['', '-wal']) copyFileSync(source.path + suffix, path + suffix);
    const copy = await open({ url: `file:${path}` });
    expect(copy.logSize()).toBe(0);
    await expectSound(copy, await countOf(source));
  });
});

describe('without a checkpoint thread', () => {
  test.each([
    ['cannot be started', 1],
    ['ends while the database is open', 3],
  ])('SQLite copies the write-ahead log during commits when the checkpoint thread %s', async (_, calls) => {
    const run = jest.spyOn(CheckpointThread.prototype, 'run');
    for (let call = 1; call < calls; call += 1) run.mockResolvedValueOnce({ busy: 0, log: 1, checkpointed: 1 });
    run.mockRejectedValueOnce(new Error('the thread ended'));
    const database = await open();
    for (let count = 0; count < 60; count += 1) await database.write(200_000);
    expect(run).toHaveBeenCalledTimes(calls);
    expect(database.warnings).toEqual([expect.stringContaining('checkpoints block the event loop')]);
    expect(database.logSize()).toBeLessThan(8 * mebibyte);
    await expectSound(database, 60);
  });

  test('a database in memory starts no checkpoint thread', async () => {
    const run = jest.spyOn(CheckpointThread.prototype, 'run');
    const { db } = await openTestDatabase({ url: ':memory:', maxWalBytes });
    for (let count = 0; count < 30; count += 1) await createCertificate(db, { publicKey: 'x'.repeat(200_000) });
    await db.close();
    expect(run).not.toHaveBeenCalled();
  });
});

test('the checkpoint thread does not change a file that has replaced the database', async () => {
  const other = await open();
  await other.db.close();
  const database = await open();
  while (database.logSize() < 2 * mebibyte) await database.write(100_000);
  renameSync(other.path, database.path);
  const before = readFileSync(database.path);
  await sleep(1500);
  const identity = (name: string): string => `${statSync(name).dev}:${statSync(name).ino}`;
  const thread = new CheckpointThread(loadSqliteDriver());
  afterTest(() => thread.close());
  // As if the file were replaced after the main thread has compared it.
  const files = [[database.path, identity(`${database.path}-wal`)]] as const;
  expect(await thread.run({ path: database.path, files, mode: 'empty', timeoutMs: 0 })).toBeUndefined();
  expect(readFileSync(database.path).equals(before)).toBe(true);
  await database.db.close();
  expect(readFileSync(database.path).equals(before)).toBe(true);
});
