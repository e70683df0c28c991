import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService, TransactionScope } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent } from '../support/factories';
import { createSignal } from '../support/signal';
import { openTestDatabase } from '../support/test-database';

/** One read for each way in which reads are sent. */
const reads: readonly (readonly [name: string, read: (db: DatabaseService) => Promise<unknown>])[] = [
  ['getAgent', (db) => db.getAgent('a')],
  ['queryAgents', (db) => db.queryAgents({ owner: 'test-owner' })],
  ['agents.count', (db) => db.agents.count({})],
  ['agents.getMany', (db) => db.agents.getMany(['a'])],
  ['agents.page', (db) => db.agents.page({})],
  ['agents.iterate', (db) => db.agents.iterate({}).next()],
  ['getCertificateByFingerprint', (db) => db.getCertificateByFingerprint('AB')],
  ['querySecurityEvents', (db) => db.querySecurityEvents({})],
  ['events.verify', (db) => db.events.verify()],
];

async function open(maxConnections: number, options: DatabaseOptions = {}): Promise<DatabaseService> {
  const { db } = await openTestDatabase({ pool: { maxConnections, connectTimeoutMs: 10_000 }, ...options });
  await createAgent(db, { id: 'a' });
  return db;
}

/** Runs concurrent transactions, each of which calls its work when all of them have begun. */
async function together<T>(
  db: DatabaseService,
  works: readonly ((tx: TransactionScope) => Promise<T>)[],
): Promise<PromiseSettledResult<T>[]> {
  const begun = works.map(() => createSignal());
  return Promise.allSettled(
    works.map((work, index) =>
      db.transaction(async (tx) => {
        await tx.getAgent('a');
        begun[index]?.give();
        await Promise.all(begun.map(({ given }) => given));
        return work(tx);
      }),
    ),
  );
}

describe('a read outside the transaction that holds the only connection', () => {
  test('a read outside a transaction that uses the only connection fails with CONFLICT, and the transaction continues', async () => {
    const db = await open(1);
    for (const [name, read] of reads) {
      const start = performance.now();
      await db.transaction(async (tx) => {
        const error = await expectError('CONFLICT', () => read(db));
        expect(error.message).toContain('pool.maxConnections');
        expect(error.retryable).toBe(false);
        await tx.updateAgent({ id: 'a', name });
      });
      expect(performance.now() - start).toBeLessThan(2000);
      expect(await db.getAgent('a')).toMatchObject({ name });
    }
  });

  test('a read of a cached record succeeds while a transaction uses the only connection', async () => {
    const db = await open(1, { cache: { maxEntries: 10 } });
    await db.getAgent('a');
    await db.transaction(async (tx) => {
      expect(await db.getAgent('a')).toMatchObject({ id: 'a' });
      await expectError('CONFLICT', () => db.getAgent('b'));
      await tx.updateAgent({ id: 'a', name: 'changed' });
    });
    expect(await db.getAgent('a')).toMatchObject({ name: 'changed' });
  });
});

describe('reads outside transactions that hold every connection', () => {
  test('when transactions use all connections, reads outside them fail in one transaction, and the others continue', async () => {
    const db = await open(3);
    const start = performance.now();
    const read = () => db.getAgent('a');
    const outcomes = await together(db, [read, read, read]);
    expect(performance.now() - start).toBeLessThan(3000);
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({ name: 'DatabaseError', code: 'CONFLICT', retryable: true });
    // All connections are back in the pool.
    await Promise.all(Array.from({ length: 10 }, () => db.getAgent('a')));
  });

  test('reads wait for a connection when another transaction is about to end', async () => {
    const db = await open(2);
    const outcomes = await together<unknown>(db, [
      () => db.getAgent('a'),
      async (tx) => {
        await sleep(200);
        return tx.getAgent('a');
      },
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  test('a transaction counts once as waiting for a connection, although its callback makes several reads', async () => {
    const db = await open(2);
    await db.transaction(() => Promise.all(Array.from({ length: 20 }, () => db.queryAgents({}))));
    const outcomes = await together<unknown>(db, [
      () => Promise.all(Array.from({ length: 20 }, () => db.queryAgents({}))),
      () => sleep(100),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  test('calls from outside may wait for a connection while transactions use all connections', async () => {
    const db = await open(2);
    const outside: Promise<unknown>[] = [];
    const read = () => db.getAgent('a');
    const running = together(db, [read, read]);
    for (let index = 0; index < 10; index += 1) {
      outside.push(read(), db.createCertificate(certificateInput()));
      outside.push(db.transaction((tx) => tx.getAgent('a')));
    }
    expect((await running).filter(({ status }) => status === 'rejected').length).toBeLessThanOrEqual(1);
    expect((await Promise.allSettled(outside)).map(({ status }) => status)).toEqual(outside.map(() => 'fulfilled'));
  });
});

test('a pool with one more connection than transactions serves the reads of all their callbacks', async () => {
  const db = await open(4);
  const works = Array.from({ length: 3 }, (_, index) => async (tx: TransactionScope) => {
    for (let round = 0; round < 20; round += 1) await db.getAgent('a');
    const certificateId = await tx.createCertificate(certificateInput());
    return tx.createAgent(agentInput({ id: `t${index}`, certificateId }));
  });
  const outcomes = await together(db, works);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
});

test('a read that a callback did not await returns its result after the transaction ends', async () => {
  const db = await open(1);
  let left: Promise<unknown> = Promise.resolve();
  await db.transaction(async (tx) => {
    left = sleep(50).then(() => db.getAgent('a'));
    await tx.getAgent('a');
  });
  expect(await left).toMatchObject({ id: 'a' });
});
