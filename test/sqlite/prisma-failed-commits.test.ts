import type { SqliteDatabase } from '../../src/engines/sqlite/database';
import { certificateRow, committedIds, create, openClient } from './prisma-clients';

/** Makes every later COMMIT fail: a trigger violates a deferred foreign key. */
function breakCommits(database: SqliteDatabase): Promise<void> {
  return database.withWriter(({ driver }) => {
    driver.exec(`CREATE TABLE broken (id REFERENCES certificates (id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER break AFTER INSERT ON certificates BEGIN INSERT INTO broken VALUES ('nothing'); END`);
  });
}

describe('a failed COMMIT', () => {
  test('leaves nothing of a write of Prisma Client, and waiting and later writes succeed', async () => {
    const { client, path, database } = await openClient();
    await breakCommits(database);
    await expect(client.$transaction([create(client, 'a')])).rejects.toThrow();
    await expect(create(client, 'b')).rejects.toThrow();
    const failing = client.$transaction((tx) => create(tx, 'c'));
    const waiting = client.$executeRaw`DROP TRIGGER break`;
    const last = create(client, 'd');
    await expect(failing).rejects.toThrow();
    await waiting;
    await last;
    expect(committedIds(path)).toEqual(['d']);
  });

  test('rolls back a transaction of SqliteDatabase, which cannot be ended again', async () => {
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
    await database.withWriter(({ driver }) => void driver.exec('DROP TRIGGER break'));
    await create(client, 'next');
    expect(committedIds(path)).toEqual(['next']);
  });
});

describe('a transaction that SQLite has rolled back', () => {
  test('fails at its next statement, and the next transaction succeeds', async () => {
    const { client, path } = await openClient();
    const work = client.$transaction(async (tx) => {
      await create(tx, 'a');
      // SQLite does the same after a full disk.
      const statement = 'INSERT OR ROLLBACK INTO capabilities (id, name) VALUES (1, 1), (1, 1)';
      await tx.$executeRawUnsafe(statement).catch(() => 0);
      await create(tx, 'b');
    });
    await expect(work).rejects.toThrow();
    expect(committedIds(path)).toEqual([]);
    await client.$transaction((tx) => create(tx, 'c'));
    expect(committedIds(path)).toEqual(['c']);
  });

  test('fails at its commit', async () => {
    const { database } = await openClient();
    const transaction = await database.begin();
    transaction.connection.driver.exec('ROLLBACK');
    expect(() => transaction.commit()).toThrow('SQLite rolled the transaction back after a storage error');
    (await database.begin()).rollback();
  });
});

test('a write of Prisma Client fails while the storage is full and succeeds when there is space again', async () => {
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
