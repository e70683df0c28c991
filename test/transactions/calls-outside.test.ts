import { setTimeout as sleep } from 'node:timers/promises';
import { type TransactionScope } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import {
  agentIds,
  agentInput,
  certificateInput,
  createAgents,
  createCertificate,
  eventInput,
} from '../support/factories';
import { fillForCalls, makeCall, publicCalls, type PublicCall } from '../support/public-calls';
import { rawCounts } from '../support/raw-reader';
import { holdTransaction } from '../support/held-transaction';
import { createSignal } from '../support/signal';
import { databaseKinds, openTestDatabase, shareTestDatabase } from '../support/test-database';
import { startWorkQueue } from '../support/work-queue';

const isOfFeed = ({ name }: PublicCall): boolean => /changes/i.test(name);
const reads = publicCalls.filter((call) => !call.writes && !isOfFeed(call));
const writes = publicCalls.filter((call) => call.writes);

function createInside(tx: TransactionScope, id: string): Promise<string> {
  return tx.createCertificate(certificateInput({ id }));
}

describe.each(databaseKinds)('the database inside the callback of its own transaction on %s', (_name, options) => {
  test('the database inside the callback of its transaction returns committed data and refuses writes with CONFLICT', async () => {
    const { db } = await openTestDatabase(options);
    await fillForCalls(db);
    const before = await Promise.all(reads.map((call) => makeCall(db, call)));
    await db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      await tx.createAgent(agentInput({ id: 'inside', certificateId: await createInside(tx, 'inside') }));
      await tx.updateCertificateStatus('c', 'REVOKED');
      await tx.events.record(eventInput({ id: 'inside' }));
      for (const [index, call] of reads.entries())
        expect([call.name, await makeCall(db, call)]).toEqual([call.name, before[index]]);
      const calls = writes.map((call) => () => makeCall(db, call));
      for (const call of [...calls, () => db.migrateDatabase(), () => db.close(), () => db.transaction(() => 1)]) {
        const start = performance.now();
        expect(await expectError('CONFLICT', call)).toMatchObject({ retryable: false });
        expect(performance.now() - start).toBeLessThan(1000);
      }
      expect((await db.health()).status).toBe('up');
      await db.initialize();
      expect((await db.check()).ok).toBe(true);
      await createInside(tx, 'after');
    });
    expect((await db.getAgent('a'))?.name).toBe('inside');
    expect(await db.getCertificate('c')).toMatchObject({ status: 'REVOKED' });
    expect(await db.certificates.query({ ids: ['inside', 'after'] })).toHaveLength(2);
  });

  test('a timer, a promise and a callback in a transaction cannot write outside it', async () => {
    const { db } = await openTestDatabase(options);
    await db.transaction(async (tx) => {
      await sleep(1);
      await expectError('CONFLICT', () => createCertificate(db));
      await Promise.all([1, 2].map(() => expectError('CONFLICT', () => createCertificate(db))));
      const outcome = new Promise((resolve) => setTimeout(() => resolve(createCertificate(db)), 1));
      await expectError('CONFLICT', () => outcome);
      await createInside(tx, 'inside');
    });
    expect((await db.certificates.query({})).map(({ id }) => id)).toEqual(['inside']);
  });
});

describe('a call outside an open transaction', () => {
  test('reads outside an open transaction do not wait, but writes wait for the transaction or its locked records', async () => {
    const { db } = await openTestDatabase();
    await fillForCalls(db);
    const queue = startWorkQueue();
    const { outcome, release } = await holdTransaction(
      db,
      (tx) => tx.updateAgent({ id: 'a', name: 'inside' }).then(() => createInside(tx, 'inside')),
      (tx) => tx.updateAgent({ id: 'a', owner: 'inside' }),
    );
    await queue.add(async () => {
      for (const call of reads) await makeCall(db, call);
      expect(await db.getCertificate('inside')).toBeNull();
    });
    const written: string[] = [];
    const write = async (name: string, call: () => Promise<unknown>): Promise<void> => {
      await call();
      written.push(name);
    };
    const beside = write('another record', () => createCertificate(db, { id: 'beside' }));
    const locked = queue.add(() => write('the record', () => db.agents.setStatus('a', 'SUSPENDED')));
    if (onPostgresql) await beside;
    await sleep(20);
    expect(written).toEqual(onPostgresql ? ['another record'] : []);
    release();
    await Promise.all([outcome, beside, locked]);
    expect(await db.getAgent('a')).toMatchObject({ name: 'inside', owner: 'inside', status: 'SUSPENDED' });
    for (const call of writes.filter((each) => !isOfFeed(each))) {
      const answer = await queue.add(() => makeCall(db, call)).catch((error: unknown) => ({ name: call.name, error }));
      expect(answer).not.toHaveProperty('error');
    }
  });

  test('only writes wait for an open transaction of another service', async () => {
    const { db, options } = await openTestDatabase();
    await fillForCalls(db);
    const { db: other } = await openTestDatabase(options);
    let write: Promise<boolean> | undefined;
    await db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      for (const call of reads) await makeCall(other, call);
      write = other.updateAgent({ id: 'a', description: 'other' });
      await sleep(20);
    });
    expect(await write).toBe(true);
    expect(await db.getAgent('a')).toMatchObject({ name: 'inside', description: 'other' });
  });

  test('a write outside an open transaction is kept when the transaction is rolled back', async () => {
    const { db } = await openTestDatabase();
    const undo = () => sleep(20).then(() => Promise.reject(new Error('undo')));
    const { outcome, release } = await holdTransaction(db, (tx) => createInside(tx, 'inside'), undo);
    release();
    const event = db.recordSecurityEvent(eventInput({ id: 'event' }));
    const beside = Promise.all([createCertificate(db, { id: 'beside' }), event]);
    await expect(outcome).rejects.toThrow('undo');
    await beside;
    expect((await db.certificates.query({})).map(({ id }) => id)).toEqual(['beside']);
    expect(await db.querySecurityEvents({ ids: ['event'] })).toHaveLength(1);
  });

  test('each call belongs to its own transaction when transactions of two services are nested', async () => {
    const { db, options } = await openTestDatabase();
    const { db: other } = await openTestDatabase();
    const { db: twin } = await openTestDatabase(options);
    await db.transaction(async (tx) => {
      await createInside(tx, 'outer');
      await other.transaction(async (otherTx) => {
        await createInside(otherTx, 'inner');
        await expectError('CONFLICT', () => createCertificate(db));
        await expectError('CONFLICT', () => createCertificate(other));
        await createInside(tx, 'from within');
      });
      await createCertificate(other, { id: 'beside' });
      expect(await twin.getCertificate('outer')).toBeNull();
    });
    expect((await db.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual(['from within', 'outer']);
    expect((await other.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual(['beside', 'inner']);
  });
});

describe('after the end of a transaction', () => {
  const shared = shareTestDatabase({}, ({ db }) => fillForCalls(db));
  const ends: readonly (readonly [name: string, end: () => unknown])[] = [
    ['commit', () => undefined],
    ['rollback', () => Promise.reject(new Error('undo'))],
  ];

  test.each(ends)(
    'after the end of a transaction, its scope refuses every method with CONFLICT (%s)',
    async (_name, end) => {
      const { db } = shared();
      let over: TransactionScope | undefined;
      await db
        .transaction((tx) => {
          over = tx;
          return end();
        })
        .catch(() => undefined);
      const before = await rawCounts(shared());
      const refuseAll = async (): Promise<void> => {
        for (const call of publicCalls) {
          expect(await expectError('CONFLICT', () => makeCall(over ?? db, call))).toMatchObject({ retryable: false });
        }
      };
      await refuseAll();
      await db.transaction(refuseAll);
      expect(await rawCounts(shared())).toEqual(before);
    },
  );

  test('an iterator that was started in a transaction fails with CONFLICT after its end', async () => {
    const { db } = await openTestDatabase();
    await createAgents(db, agentIds(501));
    const iterator = await db.transaction(async (tx) => {
      const begun = tx.agents.iterate({});
      await begun.next();
      return { begun };
    });
    const readOn = async (): Promise<void> => {
      for await (const agent of iterator.begun) expect(agent.id).toBeDefined();
    };
    await expectError('CONFLICT', readOn);
  });

  test('a timer that the callback of a transaction started may write to the database after its end', async () => {
    const { db } = await openTestDatabase();
    const written: Promise<string>[] = [];
    const left = createSignal();
    await db.transaction(async (tx) => {
      await createInside(tx, 'inside');
      setTimeout(() => {
        written.push(
          createCertificate(db, { id: 'timer' }),
          db.transaction((later) => createInside(later, 'later')),
        );
        left.give();
      }, 30);
    });
    await left.given;
    expect(await Promise.all(written)).toEqual(['timer', 'later']);
  });
});
