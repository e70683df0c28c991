import { setTimeout as sleep } from 'node:timers/promises';
import { createSignal } from '../support/signal';
import { committedIds, create, openClient, openForeignConnection } from './prisma-clients';

describe('$transaction of Prisma Client on our adapter', () => {
  test('$transaction of Prisma Client commits all operations of an array or none', async () => {
    const { client, path } = await openClient();
    const results = await client.$transaction([create(client, 'a'), client.certificate.count(), create(client, 'b')]);
    expect(results).toMatchObject([{ id: 'a' }, 1, { id: 'b' }]);
    const failing = client.$transaction([create(client, 'c'), create(client, 'd'), create(client, 'c')]);
    await expect(failing).rejects.toMatchObject({ code: 'P2002' });
    expect(committedIds(path)).toEqual(['a', 'b']);
  });

  test('$transaction of Prisma Client inside another transaction makes a savepoint, which can be rolled back alone', async () => {
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

  test('$transaction of Prisma Client continues after a failed statement when its callback catches the error', async () => {
    const { client, path } = await openClient();
    await client.$transaction(async (tx) => {
      await create(tx, 'a');
      await expect(create(tx, 'a')).rejects.toMatchObject({ code: 'P2002' });
      await create(tx, 'b');
    });
    expect(committedIds(path)).toEqual(['a', 'b']);
  });

  test('$transaction of Prisma Client fails with P2028 and rolls back when the callback exceeds the timeout', async () => {
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

  test('$transaction of Prisma Client fails with P2028 when it cannot begin within maxWait', async () => {
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

  test('$transaction of Prisma Client runs transactions in the order of their calls, even when some are rolled back', async () => {
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

  test('while another connection holds the write lock, $transaction fails with P2034 and a single write with P1008', async () => {
    const { client, path } = await openClient(30);
    const foreign = openForeignConnection(path);
    foreign.exec('BEGIN IMMEDIATE');
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(create(client, 'a')).rejects.toMatchObject({ code: 'P1008' });
      await expect(client.$transaction((tx) => create(tx, 'a'))).rejects.toMatchObject({ code: 'P2034' });
      const array = [create(client, 'a'), create(client, 'b')];
      await expect(client.$transaction(array)).rejects.toMatchObject({ code: 'P2034' });
    }
    foreign.exec('ROLLBACK');
    await client.$transaction((tx) => create(tx, 'b'));
    await client.$transaction([create(client, 'c')]);
    expect(committedIds(path)).toEqual(['b', 'c']);
  });
});
