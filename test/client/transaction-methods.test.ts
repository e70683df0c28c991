import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type TransactionScope } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { fillForCalls, makeCall, publicCalls, type PublicCall } from '../support/public-calls';
import { rawCounts } from '../support/raw-reader';
import { createSignal } from '../support/signal';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import { startWorkQueue } from '../support/work-queue';

const isOfFeed = ({ name }: PublicCall): boolean => /changes/i.test(name);
const methods = publicCalls.filter((call) => !isOfFeed(call));
const reads = methods.filter(({ writes }) => !writes);
const writes = methods.filter((call) => call.writes);

describe('the methods of a transaction', () => {
  test('work after one of them failed, and a rollback removes all of their changes', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await fillForCalls(db);
    const before = await rawCounts(database);
    const undo = new Error('undo');
    const outcome = db.transaction(async (tx) => {
      for (const call of methods) {
        await expectError('ALREADY_EXISTS', () => tx.createCertificate(certificateInput({ id: 'c' })));
        await expectError('INVALID_INPUT', () => tx.getAgent(''));
        const answer = await makeCall(tx, call).catch((error: unknown) => ({ name: call.name, error }));
        expect(answer).not.toHaveProperty('error');
      }
      throw undo;
    });
    await expect(outcome).rejects.toBe(undo);
    expect(await rawCounts(database)).toEqual(before);
    expect((await db.check()).ok).toBe(true);
  });

  test('may be called concurrently without awaiting any of them', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await fillForCalls(db);
    const before = await db.agents.count();
    const settled: Promise<PromiseSettledResult<unknown>[]>[] = [];
    await db.transaction((tx) => {
      settled.push(Promise.allSettled(methods.map((call) => makeCall(tx, call))));
    });
    const [results = []] = await Promise.all(settled);
    expect(results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))).toEqual([]);
    // Seven were created, and two deleted.
    expect(await db.agents.count()).toBe(before + 5);
    expect((await db.check()).findings).toEqual([]);
  });
});

describe('a transaction that has ended', () => {
  const shared = shareTestDatabase({}, ({ db }) => fillForCalls(db));
  const ends: readonly (readonly [name: string, end: () => unknown])[] = [
    ['committed', () => undefined],
    ['rolled back', () => Promise.reject(new Error('undo'))],
  ];

  test.each(ends)(
    'refuses every method with CONFLICT after it was %s, even inside another transaction',
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

  test('stops an iterator that was started in it', async () => {
    const { db } = await openTestDatabase();
    await fillForCalls(db);
    const agents = Array.from({ length: 501 }, (_, index) => agentInput({ id: `i${index}`, certificateId: 'c' }));
    await db.agents.createMany(agents);
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
});

describe('calls outside an open transaction', () => {
  test('read committed data from its callback, and their writes are refused with CONFLICT', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await fillForCalls(db);
    const before = await Promise.all(reads.map((call) => makeCall(db, call)));
    await db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      await tx.events.record(eventInput({ id: 'inside' }));
      for (const [index, call] of reads.entries())
        expect([call.name, await makeCall(db, call)]).toEqual([call.name, before[index]]);
      for (const call of publicCalls.filter((each) => each.writes)) {
        expect(await expectError('CONFLICT', () => makeCall(db, call))).toMatchObject({ retryable: false });
      }
      for (const call of [() => db.migrateDatabase(), () => db.close(), () => db.transaction(() => 1)]) {
        expect(await expectError('CONFLICT', call)).toMatchObject({ retryable: false });
      }
      expect((await db.health()).status).toBe('up');
      await db.initialize();
      expect((await db.check()).ok).toBe(true);
    });
    expect((await db.getAgent('a'))?.name).toBe('inside');
  });

  test('read at once from another async context, and their writes wait for the transaction', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await fillForCalls(db);
    const queue = startWorkQueue();
    const opened = createSignal();
    const release = createSignal();
    const outcome = db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      opened.give();
      await release.given;
      await tx.updateAgent({ id: 'a', owner: 'inside' });
    });
    await opened.given;
    await queue.add(async () => {
      for (const call of reads) await makeCall(db, call);
    });
    // It waits for the lock of the agent on PostgreSQL, and for the writer on SQLite.
    const write = queue.add(() => db.agents.setStatus('a', 'SUSPENDED'));
    await sleep(20);
    release.give();
    await outcome;
    expect(await write).toBe(true);
    expect(await db.getAgent('a')).toMatchObject({ name: 'inside', owner: 'inside', status: 'SUSPENDED' });
    for (const call of writes) {
      const answer = await queue.add(() => makeCall(db, call)).catch((error: unknown) => ({ name: call.name, error }));
      expect(answer).not.toHaveProperty('error');
    }
  });

  test('read at once from another service, and their writes wait for the transaction', async () => {
    const { db, options } = await openTestDatabase();
    await fillForCalls(db);
    await using other = new DatabaseService(options);
    await other.initialize();
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
});
