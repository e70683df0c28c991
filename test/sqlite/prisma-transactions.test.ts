import { setTimeout as sleep } from 'node:timers/promises';
import { adapterFactory } from '../../src/prisma/prisma-adapter';
import { sqliteBinding } from '../../src/prisma/sqlite-binding';
import type { Session } from '../../src/storage/session';
import type { SqliteDatabase } from '../../src/engines/sqlite/database';
import { PrismaClient } from '../../src/generated/prisma/client';
import { createSignal } from '../support/signal';
import { afterTest } from '../support/test-database';
import {
  certificateRow,
  committedIds,
  create,
  openClient,
  openForeignConnection,
  openOfficialClient,
} from './prisma-clients';

describe('a transaction of Prisma Client on our adapter', () => {
  test('given as an array is committed as a whole', async () => {
    const { client, path } = await openClient();
    const results = await client.$transaction([create(client, 'a'), client.certificate.count(), create(client, 'b')]);
    expect(results).toMatchObject([{ id: 'a' }, 1, { id: 'b' }]);
    const failing = client.$transaction([create(client, 'c'), create(client, 'd'), create(client, 'c')]);
    await expect(failing).rejects.toMatchObject({ code: 'P2002' });
    expect(committedIds(path)).toEqual(['a', 'b']);
  });

  test('given as a callback is committed when it returns and rolled back when it throws', async () => {
    const { client, path } = await openClient();
    const result = await client.$transaction(async (tx) => {
      await create(tx, 'a');
      expect(await tx.certificate.count()).toBe(1);
      expect(committedIds(path)).toEqual([]);
      return { value: 42 };
    });
    expect(result).toEqual({ value: 42 });
    const thrown = new Error('mine');
    const failing = client.$transaction(async (tx) => {
      await create(tx, 'b');
      throw thrown;
    });
    await expect(failing).rejects.toBe(thrown);
    expect(committedIds(path)).toEqual(['a']);
    await create(client, 'b');
  });

  test('inside another transaction is a savepoint that rolls back alone', async () => {
    const { client, path } = await openClient();
    await client.$transaction(async (outer) => {
      await create(outer, 'kept');
      const inner = outer.$transaction(async (tx) => {
        await create(tx, 'dropped');
        await tx.$transaction((deepest) => create(deepest, 'dropped too'));
        throw new Error('inner');
      });
      await expect(inner).rejects.toThrow('inner');
      await outer.$transaction((tx) => create(tx, 'nested and kept'));
    });
    expect(committedIds(path)).toEqual(['kept', 'nested and kept']);
  });

  test('continues after a failed statement that its callback caught', async () => {
    const { client, path } = await openClient();
    await client.$transaction(async (tx) => {
      await create(tx, 'a');
      await expect(create(tx, 'a')).rejects.toMatchObject({ code: 'P2002' });
      await create(tx, 'b');
    });
    expect(committedIds(path)).toEqual(['a', 'b']);
  });

  test('that exceeds its timeout fails with P2028 and is rolled back', async () => {
    const { client, path } = await openClient();
    const work = client.$transaction(
      async (tx) => {
        await create(tx, 'late');
        await sleep(100);
        await create(tx, 'too late');
      },
      { timeout: 50 },
    );
    await expect(work).rejects.toMatchObject({ code: 'P2028' });
    await create(client, 'next');
    expect(committedIds(path)).toEqual(['next']);
  });

  test('that cannot begin within maxWait fails with P2028 and does not affect later transactions', async () => {
    const { client, path } = await openClient();
    const [opened, release] = [createSignal(), createSignal()];
    const first = client.$transaction(async (tx) => {
      await create(tx, 'first');
      opened.give();
      await release.given;
    });
    await opened.given;
    const second = client.$transaction((tx) => create(tx, 'second'), { maxWait: 30 });
    await expect(second).rejects.toMatchObject({ code: 'P2028' });
    release.give();
    await first;
    await create(client, 'third');
    await client.$transaction((tx) => create(tx, 'fourth'));
    expect(committedIds(path)).toEqual(['first', 'fourth', 'third']);
  });

  test('accepts the isolation level Serializable and no other', async () => {
    const { client, path } = await openClient();
    await client.$transaction((tx) => create(tx, 'a'), { isolationLevel: 'Serializable' });
    const level = 'ReadCommitted' as 'Serializable';
    await expect(client.$transaction((tx) => create(tx, 'b'), { isolationLevel: level })).rejects.toThrow();
    await create(client, 'c');
    expect(committedIds(path)).toEqual(['a', 'c']);
  });

  test('runs after the transactions that were begun before it, committed or not', async () => {
    const { client, path } = await openClient();
    const ids = Array.from({ length: 30 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    const work = (id: string, index: number) =>
      client.$transaction(
        async (tx) => {
          await create(tx, id);
          await sleep(1);
          if (index % 3 === 0) throw new Error('undone');
        },
        { maxWait: 10_000 },
      );
    const outcomes = await Promise.allSettled(ids.map(work));
    const kept = ids.filter((_, index) => index % 3 !== 0);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(kept.length);
    expect(committedIds(path)).toEqual(kept);
  });

  test('cannot begin while another connection holds the lock, and can afterwards', async () => {
    const { client, path } = await openClient(30);
    const foreign = openForeignConnection(path);
    foreign.exec('BEGIN IMMEDIATE');
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(create(client, 'a')).rejects.toMatchObject({ code: 'P1008' });
      await expect(client.$transaction((tx) => create(tx, 'a'))).rejects.toMatchObject({ code: 'P1008' });
      await expect(client.$transaction([create(client, 'a')])).rejects.toMatchObject({ code: 'P1008' });
    }
    foreign.exec('ROLLBACK');
    await client.$transaction((tx) => create(tx, 'b'));
    await client.$transaction([create(client, 'c')]);
    expect(committedIds(path)).toEqual(['b', 'c']);
  });
});

/** Rolls a transaction back, and creates a certificate outside it meanwhile; returns the count that is read outside it. */
async function writeBesideRollback(client: PrismaClient): Promise<number> {
  const [opened, release] = [createSignal(), createSignal()];
  const transaction = client.$transaction(async (tx) => {
    await create(tx, 'inside');
    opened.give();
    await release.given;
    throw new Error('rolled back');
  });
  await opened.given;
  const counted = await client.certificate.count();
  const beside = create(client, 'beside');
  // On our adapter the write waits for the end of the transaction.
  await Promise.race([beside, sleep(50)]);
  release.give();
  await expect(transaction).rejects.toThrow('rolled back');
  expect(await beside).toMatchObject({ id: 'beside' });
  return counted;
}

describe('a call of Prisma Client outside an open transaction', () => {
  test('keeps its write when the transaction is rolled back, and reads none of its rows', async () => {
    const { client, path } = await openClient();
    expect(await writeBesideRollback(client)).toBe(0);
    expect(committedIds(path)).toEqual(['beside']);
  });

  test('loses its write and reads uncommitted rows on the official adapter', async () => {
    const { path } = await openClient();
    expect(await writeBesideRollback(openOfficialClient(path))).toBe(1);
    expect(committedIds(path)).toEqual([]);
  });

  test('keeps the write of raw SQL, with and without returned rows', async () => {
    const { client } = await openClient();
    await create(client, 'c');
    const opened = createSignal();
    const transaction = client.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE certificates SET issuer = 'inside'`;
      opened.give();
      await sleep(30);
      throw new Error('rolled back');
    });
    await opened.given;
    const returning = client.$queryRaw`UPDATE certificates SET subject = 'beside' RETURNING issuer`;
    const executed = client.$executeRaw`UPDATE certificates SET public_key = 'beside'`;
    await expect(transaction).rejects.toThrow('rolled back');
    expect(await returning).toEqual([{ issuer: 'CN=ca' }]);
    expect(await executed).toBe(1);
    const found = await client.certificate.findUnique({ where: { id: 'c' } });
    expect(found).toMatchObject({ issuer: 'CN=ca', subject: 'beside', publicKey: 'beside' });
  });
});

describe('a transaction that reads first and writes later', () => {
  test('holds the write lock from its first statement', async () => {
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

  test('fails on the official adapter when another connection commits in between', async () => {
    const { client, path } = await openClient();
    await create(client, 'c');
    const foreign = openForeignConnection(path);
    const work = openOfficialClient(path).$transaction(async (tx) => {
      await tx.certificate.count();
      foreign.exec("UPDATE certificates SET issuer = 'foreign'");
      await create(tx, 'd');
    });
    await expect(work).rejects.toThrow();
    expect(committedIds(path)).toEqual(['c']);
  });
});

/** Makes every COMMIT fail from now on, by a deferred foreign key. */
function breakCommits(database: SqliteDatabase): Promise<void> {
  return database.withWriter(({ driver }) => {
    driver.exec(`CREATE TABLE broken (id REFERENCES certificates (id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER break AFTER INSERT ON certificates BEGIN INSERT INTO broken VALUES ('nothing'); END`);
  });
}

describe('when COMMIT fails', () => {
  test('a write of Prisma Client fails and leaves nothing, and waiting and later writes succeed', async () => {
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

  test('a transaction of SqliteDatabase is rolled back and cannot be ended again', async () => {
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

describe('when the storage rolls a transaction back', () => {
  test('later statements of the transaction fail, and the next transaction succeeds', async () => {
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

  test('a commit fails', async () => {
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

describe('Prisma Client inside an open transaction of the session', () => {
  test('is part of the transaction, and its own transactions are savepoints', async () => {
    const { path, inner, commit } = await openInnerClient();
    await create(inner, 'a');
    expect(await inner.certificate.count()).toBe(1);
    const failing = inner.$transaction([create(inner, 'b'), create(inner, 'a')]);
    await expect(failing).rejects.toMatchObject({ code: 'P2002' });
    await inner.$transaction(async (tx) => {
      await create(tx, 'c');
      await expect(tx.$transaction([create(tx, 'd'), create(tx, 'a')])).rejects.toThrow();
    });
    expect(committedIds(path)).toEqual([]);
    await commit();
    expect(committedIds(path)).toEqual(['a', 'c']);
  });

  test('loses its writes when the transaction is rolled back', async () => {
    const { path, inner, rollback } = await openInnerClient();
    await create(inner, 'a');
    await rollback();
    expect(committedIds(path)).toEqual([]);
  });

  test('fails after the end of the transaction, also while another one is open', async () => {
    const { path, inner, commit, client } = await openInnerClient();
    await create(inner, 'before');
    await commit();
    const expectFailure = async (): Promise<void> => {
      await expect(create(inner, 'late')).rejects.toThrow();
      await expect(inner.$transaction((tx) => create(tx, 'late'))).rejects.toThrow();
    };
    await expectFailure();
    await client.$transaction(async (tx) => {
      await create(tx, 'other');
      await expectFailure();
    });
    expect(committedIds(path)).toEqual(['before', 'other']);
  });

  async function openInnerClient() {
    const { path, session, client } = await openClient();
    const undone = new Error('undone');
    const begun = new Promise<{ readonly tx: Session; readonly end: (isCommitted: boolean) => Promise<void> }>(
      (resolve) => {
        const transaction = session.transaction(
          (tx) =>
            new Promise<void>((commit, rollback) => {
              const end = async (isCommitted: boolean): Promise<void> => {
                if (isCommitted) commit();
                else rollback(undone);
                await transaction.catch((error: unknown) => expect(error).toBe(undone));
              };
              resolve({ tx, end });
            }),
          'snapshot',
        );
      },
    );
    const { tx, end } = await begun;
    const inner = new PrismaClient({ adapter: adapterFactory(tx, sqliteBinding('milliseconds')) });
    afterTest(() => inner.$disconnect());
    return { path, client, inner, commit: () => end(true), rollback: () => end(false) };
  }
});
