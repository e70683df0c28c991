import { join } from 'node:path';
import type { PrismaClient } from '../../src/generated/prisma/client';
import { nextLine, startProcess } from '../support/child-process';
import { certificateRow, committedIds, openClient, openForeignConnection, openOfficialClient } from './prisma-clients';
import { createSignal } from '../support/signal';

const create = (client: Pick<PrismaClient, 'certificate'>, id: string) =>
  client.certificate.create({ data: certificateRow(id) });

/** Rolls a transaction back, and meanwhile does something else beside it; returns how many rows that counted. */
async function writeBesideRollback(client: PrismaClient): Promise<number> {
  const opened = createSignal();
  const release = createSignal();
  const transaction = client.$transaction(async (tx) => {
    await create(tx, 'inside');
    opened.give();
    await release.given;
    throw new Error('rolled back');
  });
  await opened.given;
  const counted = await client.certificate.count();
  const beside = create(client, 'beside');
  // Where the write waits for the transaction, it must not be waited for here.
  await Promise.race([beside, new Promise((done) => setTimeout(done, 50))]);
  release.give();
  await expect(transaction).rejects.toThrow('rolled back');
  expect(await beside).toMatchObject({ id: 'beside' });
  return counted;
}

describe('While an interactive transaction is open', () => {
  test('a write beside it survives its rollback, and a count beside it sees none of its rows', async () => {
    const { client, path } = await openClient();
    expect(await writeBesideRollback(client)).toBe(0);
    expect(committedIds(path)).toEqual(['beside']);
  });

  test('on the official adapter that write was lost, and the count saw what was never committed', async () => {
    const { path } = await openClient();
    expect(await writeBesideRollback(openOfficialClient(path))).toBe(1);
    expect(committedIds(path)).toEqual([]);
  });

  test('a raw write that returns rows, and one that does not, survive its rollback too', async () => {
    const { client } = await openClient();
    await create(client, 'c');
    const opened = createSignal();
    const transaction = client.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE certificates SET issuer = 'inside'`;
      opened.give();
      await new Promise((done) => setTimeout(done, 30));
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

  test('readers do not wait for it', async () => {
    const { client } = await openClient();
    await create(client, 'c');
    const release = createSignal();
    const opened = createSignal();
    const transaction = client.$transaction(async (tx) => {
      await create(tx, 'inside');
      opened.give();
      await release.given;
    });
    await opened.given;
    for (let read = 0; read < 20; read += 1) expect(await client.certificate.count()).toBe(1);
    release.give();
    await transaction;
    expect(await client.certificate.count()).toBe(2);
  });
});

describe('While another connection holds the write lock', () => {
  test.each(['IMMEDIATE', 'EXCLUSIVE'])('readers do not wait for it (%s)', async (mode) => {
    const { client, path } = await openClient(10_000);
    await create(client, 'c');
    const foreign = openForeignConnection(path);
    foreign.exec(`BEGIN ${mode}; UPDATE certificates SET issuer = 'uncommitted'`);
    const start = performance.now();
    expect(await client.certificate.findMany({ select: { issuer: true } })).toEqual([{ issuer: 'CN=ca' }]);
    expect(performance.now() - start).toBeLessThan(5000);
    foreign.exec('COMMIT');
    expect(await client.certificate.findMany({ select: { issuer: true } })).toEqual([{ issuer: 'uncommitted' }]);
  });
});

describe('A transaction that reads first and writes later', () => {
  test('has the lock from its first statement on, so nobody else commits in between', async () => {
    const { client, path } = await openClient();
    await create(client, 'c');
    const foreign = openForeignConnection(path);
    const write = foreign.prepare("UPDATE certificates SET issuer = 'foreign'");
    await client.$transaction(async (tx) => {
      await tx.certificate.count();
      expect(() => write.run()).toThrow(expect.objectContaining({ code: 'SQLITE_BUSY' }) as Error);
      await create(tx, 'd');
    });
    expect(write.run().changes).toBe(2);
  });

  test('on the official adapter it fails when somebody does', async () => {
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

  test('never fails for it while another process commits all the time', async () => {
    const { client, path } = await openClient(5000);
    const other = startProcess(join(__dirname, 'committing-process.ts'), path);
    expect(await nextLine(other)).toBe('ready');
    const foreign = openForeignConnection(path);
    const commits = () => foreign.prepare('SELECT count(*) FROM foreign_commits').pluck().get() as number;
    const before = commits();
    for (let round = 0; round < 100; round += 1) {
      await client.$transaction(async (tx) => {
        expect(await tx.certificate.count()).toBe(round);
        await create(tx, `c${String(round)}`);
      });
    }
    expect(commits()).toBeGreaterThan(before);
    expect(committedIds(path)).toHaveLength(100);
  });
});
