import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { isDatabaseError, type DatabaseOptions, type DatabaseService } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { runRaw } from '../support/raw-client';
import { createSignal } from '../support/signal';
import { afterTest, newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { strikes, Work } from './postgresql-work';

const patient = { attempts: 10, baseDelayMs: 5, maxDelayMs: 50 };

async function open(options: DatabaseOptions = {}) {
  const url = await newDatabaseUrl();
  const { db: one } = await openTestDatabase({ retry: patient, ...options, url });
  const { db: two } = await openTestDatabase({ retry: patient, ...options, url });
  await one.createCertificate(certificateInput({ id: 'c' }));
  return { one, two, url, work: await Work.prepare(one) };
}

/** The codes of what failed of some calls, after making sure that each of them may be made again. */
function failures(results: readonly PromiseSettledResult<unknown>[]): string[] {
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return [];
    if (!isDatabaseError(result.reason)) throw result.reason;
    return [`${result.reason.code} ${result.reason.retryable}`];
  });
}

/** Two transactions that take two records in opposite orders, each only when the other has its first. */
function cross(one: DatabaseService, two: DatabaseService, round: number) {
  const have = [createSignal(), createSignal()];
  const change = (db: DatabaseService, own: number, ids: readonly [string, string]) =>
    db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ id: `by-${round}-${own}`, certificateId: 'c', capabilities: [`of-${own}`] }));
      await tx.updateAgent({ id: ids[0], version: `${round}.${own}.0` });
      have[own]?.give();
      await have[1 - own]?.given;
      await tx.updateAgent({ id: ids[1], version: `${round}.${own}.0` });
    });
  return Promise.allSettled([change(one, 0, ['a', 'b']), change(two, 1, ['b', 'a'])]);
}

async function expectSame(db: DatabaseService, round: number, made: number): Promise<void> {
  const [a, b] = await db.agents.getMany(['a', 'b']);
  expect(a?.version).toBe(b?.version);
  const others = await db.agents.getMany([`by-${round}-0`, `by-${round}-1`]);
  expect(others.filter((other) => other !== null)).toHaveLength(made);
}

describe('Two transactions that lock two agents in opposite orders', () => {
  test('both succeed, one of them after the other, once each', async () => {
    const { one, two, url, work } = await open();
    for (const id of ['a', 'b']) await one.createAgent(agentInput({ id, certificateId: 'c' }));
    for (let round = 0; round < Math.ceil(strikes / 5); round += 1) {
      expect(failures(await cross(one, two, round))).toEqual([]);
      await expectSame(one, round, 2);
    }
    await work.expectKept(url);
  });

  test('where nothing is tried again, one of them fails as one that may be, and leaves nothing', async () => {
    const { one, two, url, work } = await open({ retry: false });
    for (const id of ['a', 'b']) await one.createAgent(agentInput({ id, certificateId: 'c' }));
    for (let round = 0; round < Math.ceil(strikes / 5); round += 1) {
      expect(failures(await cross(one, two, round))).toEqual(['CONFLICT true']);
      await expectSame(one, round, 1);
    }
    await work.expectKept(url);
  });
});

describe('Two createMany at the same time', () => {
  const numbers = Array.from({ length: 40 }, (_, index) => index);

  test('whose capabilities are the same in opposite orders both succeed', async () => {
    const { one, two, url, work } = await open();
    for (let round = 0; round < strikes; round += 1) {
      const agents = (own: number) =>
        numbers.map((n) =>
          agentInput({ id: `${round}-${own}-${n}`, certificateId: 'c', capabilities: [`x${round}-${n}`, `y${n}`] }),
        );
      const calls = [one.agents.createMany(agents(0)), two.agents.createMany(agents(1).reverse())];
      expect(failures(await Promise.allSettled(calls))).toEqual([]);
      expect(await one.agents.count({ capabilities: [`x${round}-7`] })).toBe(2);
    }
    await work.expectKept(url);
  });

  test('while others delete the last holders of these capabilities: none fails, none is without', async () => {
    const { one, two, url, work } = await open();
    for (let round = 0; round < strikes; round += 1) {
      const agents = (own: number) =>
        numbers.map((n) => agentInput({ id: `${round}-${own}-${n}`, certificateId: 'c', capabilities: [`x${n}`] }));
      await one.agents.createMany(agents(0));
      const deletions = [...numbers].reverse().map((n) => two.deleteAgent(`${round}-0-${n}`));
      expect(failures(await Promise.allSettled([one.agents.createMany(agents(1)), ...deletions]))).toEqual([]);
      const left = await one.queryAgents({ orderBy: 'id', limit: 1000 });
      expect(left.map(({ id, capabilities }) => [id, capabilities])).toEqual(
        numbers.map((n) => [`${round}-1-${n}`, [`x${n}`]]).sort(),
      );
      for (const { id } of left) await one.deleteAgent(id);
    }
    expect((await runRaw(url, 'SELECT name FROM capabilities'))[0]).toEqual([]);
    await work.expectKept(url);
  });

  test('whose ids are the same in opposite orders: one is made whole, of the other there is nothing', async () => {
    const { one, two, url, work } = await open();
    for (let round = 0; round < strikes; round += 1) {
      const agents = (owner: string) =>
        numbers.map((n) => agentInput({ id: `${round}-${n}`, certificateId: 'c', owner: `${owner}${round}` }));
      const calls = [one.agents.createMany(agents('one')), two.agents.createMany(agents('two').reverse())];
      expect(failures(await Promise.allSettled(calls))).toEqual(['ALREADY_EXISTS false']);
      const counts = [one.agents.count({ owner: `one${round}` }), one.agents.count({ owner: `two${round}` })];
      expect((await Promise.all(counts)).sort()).toEqual([0, numbers.length]);
    }
    await work.expectKept(url);
  });
});

/** A session that waits for what a call has locked, while it holds what the call wants next. */
async function entangle(url: string, call: () => Promise<unknown>): Promise<unknown> {
  const client = new Client(url);
  await client.connect();
  afterTest(() => client.end());
  // It is the call in which the server finds the deadlock.
  await client.query("SET deadlock_timeout = '30s'; BEGIN; LOCK TABLE changes IN EXCLUSIVE MODE");
  const called = call();
  called.catch(() => undefined);
  await sleep(200);
  await client.query('UPDATE agents SET version = version');
  await client.query('COMMIT');
  return called;
}

describe('A call that is the victim of a deadlock with another program', () => {
  const calls: readonly (readonly [string, (db: DatabaseService) => Promise<unknown>])[] = [
    ['updateAgent', (db) => db.updateAgent({ id: 'a', version: '2.0.0', capabilities: ['new'] })],
    ['deleteAgent', (db) => db.deleteAgent('a')],
  ];

  test.each(calls)('%s is made again, and succeeds', async (_name, call) => {
    const { one, url, work } = await open();
    await one.createAgent(agentInput({ id: 'a', certificateId: 'c', capabilities: ['old'] }));
    expect(await entangle(url, () => call(one))).toBe(true);
    const found = await one.getAgent('a');
    expect(found === null || found.capabilities.join() === 'new').toBe(true);
    await work.expectKept(url);
  });

  test.each(calls)('%s fails as one that may be made again with retry: false, and leaves nothing', async (_, call) => {
    const { one, url, work } = await open({ retry: false });
    await one.createAgent(agentInput({ id: 'a', certificateId: 'c', capabilities: ['old'] }));
    const before = await one.getAgent('a');
    const error = await entangle(url, () => call(one)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFLICT', retryable: true });
    expect(await one.getAgent('a')).toEqual(before);
    expect(await call(one)).toBe(true);
    await work.expectKept(url);
  });
});

describe('a registration with an event', () => {
  test.each(['none', 'name-version'] as const)(
    'locks its name before the chain of events when unique is %s',
    async (unique) => {
      const { one, url, work } = await open();
      const client = new Client(url);
      await client.connect();
      afterTest(() => client.end());
      await client.query('BEGIN; LOCK TABLE name_locks IN SHARE ROW EXCLUSIVE MODE');
      const agent = agentInput({ certificateId: 'certificate' });
      const certificate = certificateInput({ id: 'certificate' });
      const registered = one.register({ certificate, agent, event: eventInput() }, { unique });
      const waiting = "SELECT 1 FROM pg_locks WHERE relation = 'name_locks'::regclass AND NOT granted";
      await waitUntil(async () => (await client.query(waiting)).rowCount === 1);
      // As a repeated transaction does, which has the names already.
      await client.query('LOCK TABLE security_event_entries IN SHARE ROW EXCLUSIVE MODE NOWAIT');
      await client.query('COMMIT');
      expect(await registered).toMatchObject({ eventId: expect.any(String) as string });
      await work.expectKept(url);
    },
  );
});

test('a retried transaction releases its name locks before it waits for the chain of events', async () => {
  const { one, two, url } = await open();
  await one.createAgent(agentInput({ id: 'a', certificateId: 'c' }));
  const client = new Client(url);
  await client.connect();
  afterTest(() => client.end());
  let attempts = 0;
  const changed = one.transaction(async (tx) => {
    attempts += 1;
    await tx.getAgent('a');
    if (attempts === 1) {
      await two.updateAgent({ id: 'a', version: '2.0.0' });
      await client.query('BEGIN; LOCK TABLE security_event_entries IN ROW EXCLUSIVE MODE');
    }
    return tx.updateAgent({ id: 'a', version: '3.0.0' });
  });
  const waiting = "SELECT 1 FROM pg_locks WHERE relation = 'security_event_entries'::regclass AND NOT granted";
  await waitUntil(async () => (await client.query(waiting)).rowCount === 1);
  // The server looks for deadlocks after a second.
  await client.query("SET LOCAL lock_timeout = '700ms'; LOCK TABLE name_locks IN ROW EXCLUSIVE MODE");
  await client.query('COMMIT');
  expect([await changed, attempts]).toEqual([true, 2]);
});
