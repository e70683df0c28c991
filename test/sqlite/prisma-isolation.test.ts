import { setTimeout as sleep } from 'node:timers/promises';
import type { SqliteDatabase } from '../../src/engines/sqlite/database';
import { createSignal } from '../support/signal';
import { committedIds, create, openClient, openForeignConnection } from './prisma-clients';

describe('a call of Prisma Client during an open transaction', () => {
  test('a call of Prisma Client during an open transaction neither reads its rows nor is rolled back with it', async () => {
    const { client, path } = await openClient();
    const [opened, release] = [createSignal(), createSignal()];
    const transaction = client.$transaction(async (tx) => {
      await create(tx, 'inside');
      opened.give();
      await release.given;
      throw new Error('rolled back');
    });
    await opened.given;
    expect(await client.certificate.count()).toBe(0);
    // The write waits for the end of the transaction.
    const beside = create(client, 'beside');
    await Promise.race([beside, sleep(50)]);
    release.give();
    await expect(transaction).rejects.toThrow('rolled back');
    expect(await beside).toMatchObject({ id: 'beside' });
    expect(committedIds(path)).toEqual(['beside']);
  });
});

describe('a transaction of Prisma Client that reads before it writes', () => {
  test('a transaction of Prisma Client has the write lock from its first statement, which is a read', async () => {
    const { client, path } = await openClient();
    await create(client, 'c');
    const write = openForeignConnection(path).prepare("UPDATE certificates SET issuer = 'foreign'");
    await client.$transaction(async (tx) => {
      await tx.certificate.count();
      expect(() => write.run()).toThrow(expect.objectContaining({ code: 'SQLITE_BUSY' }) as Error);
      await create(tx, 'd');
    });
    expect(write.run().changes).toBe(2);
  });
});

/** Makes every later COMMIT fail: a trigger violates a deferred foreign key. */
function breakCommits(database: SqliteDatabase): Promise<void> {
  return database.withWriter(({ driver }) => {
    driver.exec(`CREATE TABLE broken (id REFERENCES certificates (id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER break AFTER INSERT ON certificates BEGIN INSERT INTO broken VALUES ('nothing'); END`);
  });
}

describe('a failed COMMIT', () => {
  test('a failed COMMIT undoes a write of Prisma Client, and waiting and later writes succeed', async () => {
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

  test('a failed COMMIT rolls back and ends a transaction of SqliteDatabase', async () => {
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
  test('the next statement of a transaction fails after SQLite has rolled it back, and the next transaction succeeds', async () => {
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

  test('the commit of a transaction fails after SQLite has rolled it back', async () => {
    const { database } = await openClient();
    const transaction = await database.begin();
    transaction.connection.driver.exec('ROLLBACK');
    expect(() => transaction.commit()).toThrow('SQLite rolled the transaction back after a storage error');
    (await database.begin()).rollback();
  });
});
