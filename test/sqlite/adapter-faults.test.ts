import type { SqliteDatabase } from '../../src/engines/sqlite/database';
import type { PrismaClient } from '../../src/generated/prisma/client';
import { longestBlockMs } from '../support/event-loop';
import { certificateRow, committedIds, openClient, openForeignConnection } from './prisma-clients';

const create = (client: Pick<PrismaClient, 'certificate'>, id: string) =>
  client.certificate.create({ data: certificateRow(id) });

/** Makes every COMMIT fail from here on, as broken deferred references do. */
function breakCommits(database: SqliteDatabase): Promise<void> {
  return database.withWriter(({ driver }) => {
    driver.exec(`CREATE TABLE broken (id REFERENCES certificates (id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER break AFTER INSERT ON certificates BEGIN INSERT INTO broken VALUES ('nothing'); END`);
  });
}

function repairCommits(database: SqliteDatabase): Promise<void> {
  return database.withWriter(({ driver }) => void driver.exec('DROP TRIGGER break'));
}

describe('When another connection holds the lock', () => {
  test('a write gives up after the time to wait, and the next one works', async () => {
    const { client, path } = await openClient(100);
    const foreign = openForeignConnection(path);
    foreign.exec('BEGIN IMMEDIATE');
    const start = performance.now();
    await expect(create(client, 'a')).rejects.toMatchObject({ code: 'P1008' });
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThan(60);
    expect(elapsed).toBeLessThan(1500);
    foreign.exec('ROLLBACK');
    await create(client, 'b');
    expect(committedIds(path)).toEqual(['b']);
  });

  test('a transaction that cannot begin leaves the gate open', async () => {
    const { client, path } = await openClient(30);
    const foreign = openForeignConnection(path);
    foreign.exec('BEGIN IMMEDIATE');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(client.$transaction((tx) => create(tx, 'a'))).rejects.toMatchObject({ code: 'P1008' });
      await expect(client.$transaction([create(client, 'a')])).rejects.toMatchObject({ code: 'P1008' });
    }
    foreign.exec('ROLLBACK');
    await client.$transaction((tx) => create(tx, 'b'));
    await client.$transaction([create(client, 'c')]);
    await create(client, 'd');
    expect(committedIds(path)).toEqual(['b', 'c', 'd']);
  });

  test('each of many waiting writers gives up in its turn, and none is lost', async () => {
    const { client, path } = await openClient(20);
    const foreign = openForeignConnection(path);
    foreign.exec('BEGIN IMMEDIATE');
    const outcomes = await Promise.allSettled(['1', '2', '3', '4', '5'].map((id) => create(client, id)));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    foreign.exec('ROLLBACK');
    await Promise.all(['6', '7', '8'].map((id) => create(client, id)));
    expect(committedIds(path)).toEqual(['6', '7', '8']);
  });

  test('a write that waits succeeds once the lock is released', async () => {
    const { client, path } = await openClient(10_000);
    const foreign = openForeignConnection(path);
    foreign.exec('BEGIN IMMEDIATE');
    setTimeout(() => foreign.exec('COMMIT'), 100);
    await Promise.all([create(client, 'a'), client.$transaction((tx) => create(tx, 'b'), { maxWait: 10_000 })]);
    expect(committedIds(path)).toEqual(['a', 'b']);
  });

  test('waiting for it does not stop the process', async () => {
    const { client, path } = await openClient(400);
    await create(client, 'warm');
    const foreign = openForeignConnection(path);
    foreign.exec('BEGIN IMMEDIATE');
    const pause = await longestBlockMs(() => expect(create(client, 'a')).rejects.toMatchObject({ code: 'P1008' }));
    expect(pause).toBeLessThan(200);
  });

  test('no time to wait means one attempt', async () => {
    const { client, path } = await openClient(0);
    openForeignConnection(path).exec('BEGIN IMMEDIATE');
    await expect(create(client, 'a')).rejects.toMatchObject({ code: 'P1008' });
  });
});

describe('When a COMMIT fails', () => {
  test('an interactive transaction fails and leaves nothing, and the next write works', async () => {
    const { client, path, database } = await openClient();
    await breakCommits(database);
    await expect(client.$transaction((tx) => create(tx, 'a'))).rejects.toThrow();
    await expect(client.$transaction([create(client, 'b')])).rejects.toThrow();
    await expect(create(client, 'c')).rejects.toThrow();
    expect(committedIds(path)).toEqual([]);
    await repairCommits(database);
    await client.$transaction((tx) => create(tx, 'd'));
    expect(committedIds(path)).toEqual(['d']);
  });

  test('a transaction of SqliteDatabase is rolled back, and cannot be ended again', async () => {
    const { client, path, database } = await openClient();
    await breakCommits(database);
    const insert = { sql: "INSERT INTO broken VALUES ('nothing')", args: [] };
    const transaction = await database.begin();
    transaction.connection.run(insert);
    expect(() => transaction.commit()).toThrow(
      expect.objectContaining({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }) as Error,
    );
    expect(() => transaction.rollback()).toThrow('the transaction was ended twice');
    await expect(database.write((connection) => connection.run(insert))).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    });
    await repairCommits(database);
    await create(client, 'next');
    expect(committedIds(path)).toEqual(['next']);
  });

  test('those who waited for the transaction are let in', async () => {
    const { client, path, database } = await openClient();
    await breakCommits(database);
    const failing = client.$transaction((tx) => create(tx, 'a'));
    const waiting = client.$executeRaw`DROP TRIGGER break`;
    const last = create(client, 'b');
    await expect(failing).rejects.toThrow();
    await waiting;
    await last;
    expect(committedIds(path)).toEqual(['b']);
  });
});

describe('When the storage rolls a transaction back by itself', () => {
  test('nothing that follows in it is kept, and the next transaction works', async () => {
    const { client, path } = await openClient();
    const work = client.$transaction(async (tx) => {
      await create(tx, 'a');
      // As SQLite does after a full disk or a failure of the storage.
      await tx
        .$executeRawUnsafe('INSERT OR ROLLBACK INTO capabilities (id, name) VALUES (1, 1), (1, 1)')
        .catch(() => 0);
      await create(tx, 'b');
    });
    await expect(work).rejects.toThrow();
    expect(committedIds(path)).toEqual([]);
    await client.$transaction((tx) => create(tx, 'c'));
    expect(committedIds(path)).toEqual(['c']);
  });

  test('a commit says that there is nothing to commit', async () => {
    const { database } = await openClient();
    const transaction = await database.begin();
    transaction.connection.driver.exec('ROLLBACK');
    expect(() => transaction.commit()).toThrow('the transaction was rolled back by the storage');
    (await database.begin()).rollback();
  });
});

describe('When the storage is full', () => {
  test('a write fails, leaves nothing, and the next one works once there is room', async () => {
    const { client, path, database } = await openClient();
    await database.withWriter(({ driver }) => {
      const pages = driver.pragma('page_count', { simple: true }) as number;
      driver.pragma(`max_page_count = ${String(pages)}`);
    });
    const large = { ...certificateRow('large'), certificate: 'x'.repeat(100_000) };
    await expect(client.certificate.create({ data: large })).rejects.toThrow('full');
    await expect(client.$transaction((tx) => tx.certificate.create({ data: large }))).rejects.toThrow();
    expect(committedIds(path)).toEqual([]);
    await database.withWriter(({ driver }) => void driver.pragma('max_page_count = 1000000'));
    await client.certificate.create({ data: large });
    expect(committedIds(path)).toEqual(['large']);
  });
});
