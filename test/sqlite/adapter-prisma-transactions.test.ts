import { setTimeout as sleep } from 'node:timers/promises';
import { createSqliteTransactionAdapterFactory } from '../../src/engines/sqlite/prisma-adapter';
import { PrismaClient } from '../../src/generated/prisma/client';
import { afterTest } from '../support/test-database';
import { certificateRow, committedIds, openClient } from './prisma-clients';

const create = (client: Pick<PrismaClient, 'certificate'>, id: string) =>
  client.certificate.create({ data: certificateRow(id) });

describe('A transaction of Prisma Client on our adapter', () => {
  test('as an array, is done as a whole', async () => {
    const { client, path } = await openClient();
    const results = await client.$transaction([create(client, 'a'), client.certificate.count(), create(client, 'b')]);
    expect(results).toMatchObject([{ id: 'a' }, 1, { id: 'b' }]);
    expect(committedIds(path)).toEqual(['a', 'b']);
  });

  test('as an array, leaves nothing when one part fails', async () => {
    const { client, path } = await openClient();
    const work = client.$transaction([create(client, 'a'), create(client, 'b'), create(client, 'a')]);
    await expect(work).rejects.toMatchObject({ code: 'P2002' });
    expect(committedIds(path)).toEqual([]);
  });

  test('interactive, returns what its callback returns, and is committed by then', async () => {
    const { client, path } = await openClient();
    const result = await client.$transaction(async (tx) => {
      await create(tx, 'a');
      expect(await tx.certificate.count()).toBe(1);
      expect(committedIds(path)).toEqual([]);
      return { value: 42 };
    });
    expect(result).toEqual({ value: 42 });
    expect(committedIds(path)).toEqual(['a']);
  });

  test('interactive, leaves nothing when its callback throws, and rethrows the very object', async () => {
    const { client, path } = await openClient();
    const thrown = new Error('mine');
    const work = client.$transaction(async (tx) => {
      await create(tx, 'a');
      throw thrown;
    });
    await expect(work).rejects.toBe(thrown);
    expect(committedIds(path)).toEqual([]);
    await create(client, 'a');
  });

  test('nested, is a savepoint: the inner one alone is undone', async () => {
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

  test('after a failed statement that was caught, goes on', async () => {
    const { client, path } = await openClient();
    await client.$transaction(async (tx) => {
      await create(tx, 'a');
      await expect(create(tx, 'a')).rejects.toMatchObject({ code: 'P2002' });
      await create(tx, 'b');
    });
    expect(committedIds(path)).toEqual(['a', 'b']);
  });

  test('that takes longer than its timeout fails with P2028, is undone, and holds nobody up', async () => {
    const { client, path } = await openClient();
    const work = client.$transaction(
      async (tx) => {
        await create(tx, 'late');
        await sleep(150);
        await create(tx, 'too late');
      },
      { timeout: 50 },
    );
    await expect(work).rejects.toMatchObject({ code: 'P2028' });
    await create(client, 'next');
    expect(committedIds(path)).toEqual(['next']);
  });

  test('that cannot begin within maxWait fails with P2028, and its turn is not lost', async () => {
    const { client, path } = await openClient();
    const first = client.$transaction(async (tx) => {
      await create(tx, 'first');
      await sleep(150);
    });
    await sleep(20);
    const second = client.$transaction((tx) => create(tx, 'second'), { maxWait: 30 });
    await expect(second).rejects.toMatchObject({ code: 'P2028' });
    await first;
    await create(client, 'third');
    await client.$transaction((tx) => create(tx, 'fourth'));
    expect(committedIds(path)).toEqual(['first', 'fourth', 'third']);
  });

  test('is serializable, and asks for nothing else', async () => {
    const { client, path } = await openClient();
    await client.$transaction((tx) => create(tx, 'a'), { isolationLevel: 'Serializable' });
    const level = 'ReadCommitted' as 'Serializable';
    await expect(client.$transaction((tx) => create(tx, 'b'), { isolationLevel: level })).rejects.toThrow();
    await create(client, 'c');
    expect(committedIds(path)).toEqual(['a', 'c']);
  });

  test('runs after the ones before it, whatever became of them', async () => {
    const { client, path } = await openClient();
    const ids = Array.from({ length: 30 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    const outcomes = await Promise.allSettled(
      ids.map((id, index) =>
        client.$transaction(
          async (tx) => {
            await create(tx, id);
            await sleep(1);
            if (index % 3 === 0) throw new Error('undone');
          },
          { maxWait: 10_000 },
        ),
      ),
    );
    const kept = ids.filter((_, index) => index % 3 !== 0);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(kept.length);
    expect(committedIds(path)).toEqual(kept);
  });
});

describe('Prisma Client inside a transaction that is open already', () => {
  test('is part of it: seen inside, gone when it is rolled back', async () => {
    const { path, inner, rollback } = await openInnerClient();
    await create(inner, 'a');
    expect(await inner.certificate.count()).toBe(1);
    expect(committedIds(path)).toEqual([]);
    rollback();
    expect(committedIds(path)).toEqual([]);
  });

  test('keeps its own transactions as savepoints', async () => {
    const { path, inner, commit } = await openInnerClient();
    await create(inner, 'a');
    const failing = inner.$transaction([create(inner, 'b'), create(inner, 'a')]);
    await expect(failing).rejects.toMatchObject({ code: 'P2002' });
    await inner.$transaction(async (tx) => {
      await create(tx, 'c');
      await expect(tx.$transaction([create(tx, 'd'), create(tx, 'a')])).rejects.toThrow();
    });
    expect(committedIds(path)).toEqual([]);
    commit();
    expect(committedIds(path)).toEqual(['a', 'c']);
  });

  test('fails after the end of that transaction, and writes nothing', async () => {
    const { path, inner, commit, client } = await openInnerClient();
    await create(inner, 'before');
    commit();
    await expect(create(inner, 'late')).rejects.toThrow();
    await expect(inner.$transaction((tx) => create(tx, 'late'))).rejects.toThrow();
    await create(client, 'next');
    expect(committedIds(path)).toEqual(['before', 'next']);
  });

  test('fails after the end of that transaction also while another is open, and is no part of it', async () => {
    const { path, inner, commit, client } = await openInnerClient();
    await create(inner, 'before');
    commit();
    await client.$transaction(async (tx) => {
      await create(tx, 'other');
      await expect(create(inner, 'late')).rejects.toThrow();
      await expect(inner.$transaction((late) => create(late, 'late'))).rejects.toThrow();
    });
    expect(committedIds(path)).toEqual(['before', 'other']);
  });
});

async function openInnerClient() {
  const { path, database, client } = await openClient();
  const transaction = await database.begin();
  const inner = new PrismaClient({ adapter: createSqliteTransactionAdapterFactory(transaction) });
  afterTest(() => inner.$disconnect());
  return { path, client, inner, commit: () => transaction.commit(), rollback: () => transaction.rollback() };
}
