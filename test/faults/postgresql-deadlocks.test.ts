import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseError, type AgentInput, type DatabaseOptions, type DatabaseService } from '../../src';
import { agentInput, certificateInput } from '../support/factories';
import { connectRaw, runRaw } from '../support/raw-client';
import { createSignal } from '../support/signal';
import { openTestDatabase } from '../support/test-database';
import { openWork } from './strikes';
import { faultRounds } from './work';

const patient = { attempts: 10, baseDelayMs: 5, maxDelayMs: 50 };

/** Opens two services on one database that has a certificate `c` and agents with these ids. */
async function open(options: DatabaseOptions = {}, ids: readonly string[] = []) {
  const { db: one, ...opened } = await openWork({ retry: patient, ...options });
  const { db: two } = await openTestDatabase({ retry: patient, ...options, url: opened.url });
  await one.createCertificate(certificateInput({ id: 'c' }));
  for (const id of ids) await one.createAgent(agent(id, { capabilities: ['old'] }));
  return { ...opened, one, two };
}

const agent = (id: string, fields: Partial<AgentInput> = {}) => agentInput({ id, certificateId: 'c', ...fields });

/** Returns the codes of the calls that failed, and whether they are retryable. */
function failures(results: readonly PromiseSettledResult<unknown>[]): string[] {
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return [];
    if (!isDatabaseError(result.reason)) throw result.reason;
    return [`${result.reason.code} ${result.reason.retryable}`];
  });
}

test.each([
  ['both transactions succeed when conflicts are retried', { retry: patient }, [], 2],
  ['one transaction fails with a retryable CONFLICT and writes nothing when retries are disabled', { retry: false }, ['CONFLICT true'], 1], // prettier-ignore
] as const)('two transactions lock two agents in opposite orders: %s', async (_, options, expected, made) => {
  const { one, two, expectKept } = await open(options, ['a', 'b']);
  for (let round = 0; round < Math.ceil(faultRounds / 5); round += 1) {
    // Each transaction locks its second agent after the other transaction has locked its first agent.
    const have = [createSignal(), createSignal()];
    const change = (db: DatabaseService, own: number, ids: readonly [string, string]) =>
      db.transaction(async (tx) => {
        await tx.createAgent(agent(`by-${round}-${own}`, { capabilities: [`of-${own}`] }));
        await tx.updateAgent({ id: ids[0], version: `${round}.${own}.0` });
        have[own]?.give();
        await have[1 - own]?.given;
        await tx.updateAgent({ id: ids[1], version: `${round}.${own}.0` });
      });
    const outcomes = await Promise.allSettled([change(one, 0, ['a', 'b']), change(two, 1, ['b', 'a'])]);
    expect(failures(outcomes)).toEqual(expected);
    const [a, b, ...others] = await one.agents.getMany(['a', 'b', `by-${round}-0`, `by-${round}-1`]);
    expect(a?.version).toBe(b?.version);
    expect(others.filter((other) => other !== null)).toHaveLength(made);
  }
  await expectKept();
});

describe('createMany', () => {
  const numbers = Array.from({ length: 40 }, (_, index) => index);

  test('two concurrent calls of createMany with the same capabilities in opposite orders succeed', async () => {
    const { one, two, expectKept } = await open();
    for (let round = 0; round < faultRounds; round += 1) {
      const agents = (own: number) =>
        numbers.map((n) => agent(`${round}-${own}-${n}`, { capabilities: [`x${round}-${n}`, `y${n}`] }));
      const calls = [one.agents.createMany(agents(0)), two.agents.createMany(agents(1).reverse())];
      expect(failures(await Promise.allSettled(calls))).toEqual([]);
      expect(await one.agents.count({ capabilities: [`x${round}-7`] })).toBe(2);
    }
    await expectKept();
  });

  test('createMany stores all capabilities while another call deletes the other agents with these capabilities', async () => {
    const { one, two, url, expectKept } = await open();
    for (let round = 0; round < faultRounds; round += 1) {
      const agents = (own: number) => numbers.map((n) => agent(`${round}-${own}-${n}`, { capabilities: [`x${n}`] }));
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
    await expectKept();
  });

  test('one of two concurrent calls of createMany with the same ids creates all agents, and the other none', async () => {
    const { one, two, expectKept } = await open();
    for (let round = 0; round < faultRounds; round += 1) {
      const agents = (name: string) => numbers.map((n) => agent(`${round}-${n}`, { owner: `${name}${round}` }));
      const calls = [one.agents.createMany(agents('one')), two.agents.createMany(agents('two').reverse())];
      expect(failures(await Promise.allSettled(calls))).toEqual(['ALREADY_EXISTS false']);
      const counts = [one.agents.count({ owner: `one${round}` }), one.agents.count({ owner: `two${round}` })];
      expect((await Promise.all(counts)).sort()).toEqual([0, numbers.length]);
    }
    await expectKept();
  });
});

describe('deadlocks with other programs', () => {
  test.each<[string, (db: DatabaseService) => Promise<unknown>]>([
    ['updateAgent', (db) => db.updateAgent({ id: 'a', version: '2.0.0', capabilities: ['new'] })],
    ['deleteAgent', (db) => db.deleteAgent('a')],
  ])(
    'a call in a deadlock with another program is retried, or fails with a retryable CONFLICT: %s',
    async (_, call) => {
      for (const retry of [false, patient] as const) {
        const { one, url, expectKept } = await open({ retry }, ['a']);
        const before = await one.getAgent('a');
        const other = await connectRaw(url);
        // The server finds the deadlock in the call, not in the other session.
        await other.query("SET deadlock_timeout = '30s'; BEGIN; LOCK TABLE changes IN EXCLUSIVE MODE");
        const called = call(one).catch((thrown: unknown) => thrown);
        await sleep(200);
        await other.query('UPDATE agents SET version = version');
        await other.query('COMMIT');
        if (retry === false) {
          expect(await called).toMatchObject({ code: 'CONFLICT', retryable: true });
          expect(await one.getAgent('a')).toEqual(before);
          expect(await call(one)).toBe(true);
        } else expect(await called).toBe(true);
        const found = await one.getAgent('a');
        expect(found === null || found.capabilities.join() === 'new').toBe(true);
        await expectKept();
      }
    },
  );
});
