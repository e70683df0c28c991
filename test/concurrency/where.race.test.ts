import type { DatabaseService } from '../../src';
import { agentInput, createCertificate } from '../support/factories';
import { inTurn, isRefusal, openTwice, race, rounds as allRounds } from '../support/race';
import { createSignal } from '../support/signal';
import { describeOn } from '../support/skip';

const rounds = Math.ceil(allRounds / 2);
// The last two are in one order by code point, and in the other one by UTF-16 code unit.
const ids = ['a', 'b', 'c', 'd', '\uffee', '\u{1f642}'];

/** Opens a database twice. A deadlock would fail a call, because no call is retried. */
async function openAgents() {
  const { db: one, other: two } = await openTwice({ retry: { attempts: 1 } });
  await createCertificate(one, { id: 'c' });
  const fill = (db: DatabaseService) =>
    db.agents.createMany(
      ids.map((id) => agentInput({ id, certificateId: 'c', owner: 'o', capabilities: ['all', `of ${id}`] })),
    );
  await fill(one);
  return { one, two, fill };
}

/** Holds the lock of an agent in a transaction of `db`, which makes a change when `commit` is called. */
async function holdAgent(db: DatabaseService, change: (tx: Pick<DatabaseService, 'agents'>) => Promise<unknown>) {
  const [changed, released] = [createSignal(), createSignal()];
  const ended = db.transaction(async (tx) => {
    await change(tx);
    changed.give();
    await released.given;
  });
  await changed.given;
  return async (): Promise<void> => {
    released.give();
    await ended;
  };
}

const waitForLock = () => new Promise((resolve) => setTimeout(resolve, 300));

describeOn('postgresql', 'updateWhere and deleteWhere that wait for a transaction', () => {
  test('updateWhere does not change an agent that a concurrent transaction makes unmatched', async () => {
    const { one, two } = await openAgents();
    const commit = await holdAgent(two, (tx) => tx.agents.update({ id: 'b', owner: 'other' }));
    const count = one.agents.updateWhere({ owner: 'o' }, { description: 'new' }, { expect: ids.length - 1 });
    await waitForLock();
    await commit();
    expect(await count).toBe(ids.length - 1);
    expect(await one.agents.count({ owner: 'o' })).toBe(ids.length - 1);
    expect(await one.getAgent('b')).not.toHaveProperty('description');
    expect(await one.getAgent('c')).toMatchObject({ description: 'new' });
  });

  test('deleteWhere keeps agents that start or stop matching during the call', async () => {
    const { one, two } = await openAgents();
    await one.agents.update({ id: 'd', capabilities: [] });
    const commit = await holdAgent(two, async (tx) => {
      await tx.agents.setCapabilities('b', []);
      await tx.agents.setCapabilities('d', ['all']);
    });
    const count = one.agents.deleteWhere({ capabilities: ['all'] });
    await waitForLock();
    await commit();
    expect(await count).toBe(ids.length - 2);
    expect((await one.agents.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual(['b', 'd']);
  });

  test('updateWhere and deleteWhere fail with CONFLICT when concurrent changes leave fewer matching agents than expected', async () => {
    const { one, two } = await openAgents();
    const commit = await holdAgent(two, (tx) => tx.agents.delete('b'));
    const calls = [
      one.agents.updateWhere({ owner: 'o' }, { description: 'new' }, { expect: ids.length }),
      one.agents.deleteWhere({ owner: 'o' }, { expect: ids.length }),
    ];
    const outcomes = Promise.allSettled(calls);
    await waitForLock();
    await commit();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CONFLICT', retryable: false } });
    }
    const left = await one.agents.query({ owner: 'o' });
    expect(left).toHaveLength(ids.length - 1);
    expect(left.filter(({ description }) => description === 'new')).toEqual([]);
  });

  test('deleteWhere keeps an agent that a concurrent transaction deletes and registers with another owner', async () => {
    const { one, two } = await openAgents();
    const commit = await holdAgent(two, async (tx) => {
      await tx.agents.delete('b');
      await tx.agents.create(agentInput({ id: 'b', certificateId: 'c', owner: 'other' }));
    });
    const count = one.agents.deleteWhere({ owner: 'o' });
    await waitForLock();
    await commit();
    expect(await count).toBe(ids.length - 1);
    expect(await one.getAgent('b')).toMatchObject({ owner: 'other' });
  });
});

describe('concurrent updateWhere and deleteWhere', () => {
  test('updateWhere does not fail while other calls delete, revoke and change the same agents', async () => {
    const { one, two, fill } = await openAgents();
    await inTurn(rounds, async (round) => {
      const id = ids[round % ids.length] ?? 'a';
      const updates = ids.toReversed().map((of) => ({ id: of, version: `1.0.${round}`, capabilities: ['all', 'new'] }));
      const outcomes = await race(
        round,
        () => one.agents.updateWhere({ owner: 'o' }, { description: `${round}`, capabilities: ['where'] }),
        () => two.agents.delete(id),
        () => two.agents.updateWhere({ capabilities: ['all'] }, { version: `2.0.${round}`, status: 'ACTIVE' }),
        () => one.agents.updateMany(updates),
        () => two.certificates.revoke('c', { reason: 'superseded', agents: 'suspend' }),
        () => one.agents.deleteWhere({ owner: 'o', ids: ids.slice(round % 3) }),
        () => two.agents.deleteMany(ids.slice(3).reverse()),
        () => one.agents.expireDue(),
      );
      expect(outcomes.filter(isRefusal)).toEqual([]);
      await one.agents.deleteMany(ids);
      await one.certificates.delete('c');
      await createCertificate(one, { id: 'c' });
      await fill(one);
    });
    expect(await one.check()).toMatchObject({ ok: true });
  });

  test('concurrent calls of deleteWhere count each deleted agent once', async () => {
    const { one, two, fill } = await openAgents();
    await inTurn(rounds, async (round) => {
      const counts = await race(
        round,
        () => one.agents.deleteWhere({ owner: 'o' }),
        () => two.agents.deleteWhere({ capabilities: ['all'] }),
        () => one.agents.deleteWhere({ ids }),
      );
      expect(counts.filter(isRefusal)).toEqual([]);
      expect(counts.reduce((sum: number, count) => sum + Number(count), 0)).toBe(ids.length);
      await fill(one);
    });
  });
});
