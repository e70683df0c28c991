import { setTimeout as sleep } from 'node:timers/promises';
import type { PrismaClient } from '../../src/generated/prisma/client';
import { createSignal } from '../support/signal';
import { committedIds, create, openClient, openForeignConnection, openOfficialClient } from './prisma-clients';

/**
 * Creates a certificate outside an open transaction, and rolls the transaction back. Returns the number of certificates
 * that a read outside the transaction finds.
 */
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

describe('a call of Prisma Client beside an open transaction', () => {
  test('keeps its write when the transaction is rolled back, and does not read rows of the transaction', async () => {
    const { client, path } = await openClient();
    expect(await writeBesideRollback(client)).toBe(0);
    expect(committedIds(path)).toEqual(['beside']);
  });

  test('loses its write and reads uncommitted rows on the official adapter', async () => {
    const { path } = await openClient();
    expect(await writeBesideRollback(openOfficialClient(path))).toBe(1);
    expect(committedIds(path)).toEqual([]);
  });

  test('keeps the write of raw SQL, whether it returns rows or not', async () => {
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

describe('a transaction of Prisma Client that reads before it writes', () => {
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
