import type { DatabaseService, Change, FollowOptions } from '../../src';
import { expectError } from '../support/expect-error';
import { agentIds, createAgent, createAgents, createCertificate } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

/** Opens a database whose feed has six changes, one per millisecond. Returns it with its clock and the changes. */
async function openFeed(): Promise<TestDatabase & { readonly changes: Change[]; readonly clock: { now: number } }> {
  const clock = { now: 1000 };
  const database = await openTestDatabase({ now: () => clock.now });
  const certificateId = await createCertificate(database.db);
  for (let index = 0; index < 5; index += 1) {
    clock.now += 1;
    await createAgent(database.db, { id: `a${index}`, certificateId });
  }
  return { ...database, clock, changes: await database.db.changes() };
}

/** Returns the sequence number of the change at an index. */
function sequenceAt(changes: readonly Change[], index: number): number {
  const sequence = changes.at(index)?.sequence;
  if (sequence === undefined) throw new Error(`there is no change at ${index}`);
  return sequence;
}

/** Returns all changes that followChanges yields until the end of the feed. */
async function followAll(db: DatabaseService, options: FollowOptions = {}): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const change of db.followChanges({ pollMs: 0, ...options })) changes.push(change);
  return changes;
}

/** Expects the same changes from reading and from following. */
async function expectChanges(db: DatabaseService, after: number | undefined, changes: Change[]): Promise<void> {
  expect(await db.changes({ after })).toEqual(changes);
  expect(await followAll(db, { after })).toEqual(changes);
}

/** Expects that reading and following refuse a position. */
async function expectOutOfRange(db: DatabaseService, after: number): Promise<void> {
  for (const read of [() => db.changes({ after }), () => db.followChanges({ after, pollMs: 0 }).next()]) {
    expect(await expectError('OUT_OF_RANGE', read)).toMatchObject({ field: 'after', retryable: false });
  }
}

describe('positions', () => {
  test('a change-feed position above the last sequence number fails with OUT_OF_RANGE', async () => {
    const { db, changes } = await openFeed();
    const last = sequenceAt(changes, -1);
    await expectChanges(db, last, []);
    await expectOutOfRange(db, last + 1);
    await expectOutOfRange(db, Number.MAX_SAFE_INTEGER);
    const failure = new Error('no');
    const work = db.transaction(async (tx) => {
      await tx.deleteAgent('a0');
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    await expectOutOfRange(db, last + 1);
  });

  test('a position in the change feed must be 0 while the feed is empty', async () => {
    const { db } = await openTestDatabase();
    await expectChanges(db, undefined, []);
    await expectChanges(db, 0, []);
    await expectOutOfRange(db, 1);
  });

  test('a position in the change feed may be 0 until changes are pruned', async () => {
    const { db, changes } = await openFeed();
    expect(await db.pruneChanges({ before: new Date(1000) })).toBe(0);
    await expectChanges(db, 0, changes);
  });

  test('a change-feed position before the last pruned change fails with OUT_OF_RANGE, even when 0', async () => {
    const { db, changes } = await openFeed();
    expect(await db.pruneChanges({ before: new Date(1003), batchSize: 2 })).toBe(3);
    for (const after of [0, sequenceAt(changes, 0), sequenceAt(changes, 1)]) await expectOutOfRange(db, after);
    await expectChanges(db, sequenceAt(changes, 2), changes.slice(3));
  });

  test('the change feed begins with the oldest kept change by default', async () => {
    const { db, changes } = await openFeed();
    await db.pruneChanges({ before: new Date(1003) });
    expect(await db.changes()).toEqual(changes.slice(3));
    await expectChanges(db, undefined, changes.slice(3));
    expect(await db.changes({ after: undefined, limit: 2 })).toEqual(changes.slice(3, 5));
  });

  test('only the position of the last change remains valid after all changes are pruned', async () => {
    const { db, changes, options } = await openFeed();
    const last = sequenceAt(changes, -1);
    expect(await db.pruneChanges({ before: new Date(2000) })).toBe(6);
    await db.close();
    const { db: again } = await openTestDatabase(options);
    await expectChanges(again, undefined, []);
    await expectChanges(again, last, []);
    for (const after of [0, last - 1, last + 1]) await expectOutOfRange(again, after);
    await again.deleteAgent('a0');
    const [change] = await again.changes({ after: last });
    expect(change).toMatchObject({ id: 'a0', kind: 'DELETED' });
    expect(change?.sequence).toBeGreaterThan(last);
    expect(await again.pruneChanges({ before: new Date(2000) })).toBe(1);
    await expectOutOfRange(again, last);
    expect((await again.check()).findings).toEqual([]);
  });
});

describe('followChanges', () => {
  test('followChanges fails with OUT_OF_RANGE when unread changes are pruned', async () => {
    const { db, changes } = await openFeed();
    const follower = db.followChanges({ pollMs: 5 });
    for (const change of changes) expect((await follower.next()).value).toEqual(change);
    await db.deleteAgent('a0');
    await db.deleteAgent('a1');
    await db.pruneChanges({ before: new Date(3000) });
    expect(await expectError('OUT_OF_RANGE', () => follower.next())).toMatchObject({ field: 'after' });
  });

  test('followChanges fails with OUT_OF_RANGE when the first changes of the feed are pruned unread', async () => {
    const { db, events } = await openTestDatabase({ now: () => 1000 });
    const first = db.followChanges({ pollMs: 500 }).next();
    await waitUntil(() => events.some((event) => event.type === 'query' && event.operation === 'changes.read'));
    await createCertificate(db);
    await db.pruneChanges({ before: new Date(2000) });
    expect(await expectError('OUT_OF_RANGE', () => first)).toMatchObject({ field: 'after' });
  });

  test('followChanges continues when only changes that were already read are pruned', async () => {
    const { db, changes, clock } = await openFeed();
    const follower = db.followChanges({ pollMs: 5 });
    for (const change of changes) expect((await follower.next()).value).toEqual(change);
    clock.now = 5000;
    await db.pruneChanges({ before: new Date(5000) });
    await db.deleteAgent('a0');
    expect((await follower.next()).value).toMatchObject({ id: 'a0', kind: 'DELETED' });
    await follower.return();
  });
});

describe('pruneChanges', () => {
  test('pruneChanges keeps an old change whose sequence number is higher than that of a newer change', async () => {
    const { db, clock, changes } = await openFeed();
    clock.now = 500;
    await db.deleteAgent('a0');
    const all = await db.changes();
    expect(await db.pruneChanges({ before: new Date(1002) })).toBe(2);
    expect(await db.changes()).toEqual(all.slice(2));
    expect(await db.changes({ after: sequenceAt(changes, 1), limit: 10 })).toEqual(all.slice(2));
    expect(await db.pruneChanges({ before: new Date(2000), batchSize: 1 })).toBe(5);
  });

  test('concurrent calls of pruneChanges count each change once', async () => {
    const { db } = await openTestDatabase({ now: () => 1000 });
    await createAgents(db, agentIds(60));
    const counts = await Promise.all(
      [7, 11, 13, 100].map((batchSize) => db.pruneChanges({ before: new Date(1001), batchSize })),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(61);
    expect(await db.changes()).toEqual([]);
  });
});

test('a call of the change feed inside a transaction fails with CONFLICT, and the transaction continues', async () => {
  const { db } = await openFeed();
  await db.transaction(async (tx) => {
    for (const call of [
      () => tx.changes(),
      () => tx.changes({ after: 0 }),
      () => tx.followChanges({ pollMs: 0 }).next(),
      () => tx.pruneChanges({ before: new Date(0) }),
    ]) {
      expect(await expectError('CONFLICT', call)).toMatchObject({ retryable: false });
    }
    await tx.deleteAgent('a0');
  });
  expect(await db.getAgent('a0')).toBeNull();
});
