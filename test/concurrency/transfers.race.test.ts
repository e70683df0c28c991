import type { AgentRecord, OwnerScope } from '../../src';
import { agentInput, certificateInput } from '../support/factories';
import { everyRound, expectBothWays, inTurn, isRefusal, race, rounds as allRounds } from '../support/race';
import { rawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

/** Times of the services: the change feed shows by them which service has changed an agent. */
const times = { one: 1_800_000_000_000, two: 1_850_000_000_000, transfer: 1_900_000_000_000 };
const endpoint = { id: 'main', protocol: 'https', address: 'a', port: 1 };
const newest = { status: 'HEALTHY', lastChecked: new Date(times.one) } as const;

/** Opens a database with three services, each with a time of its own: two for scopes, and one for transfers. */
async function openServices() {
  const given = { maxResults: 1_000_000, busyTimeoutMs: 20_000 };
  const { db: one, options } = await openTestDatabase({ ...given, now: () => times.one });
  const { db: two } = await openTestDatabase({ ...options, now: () => times.two });
  const { db: transfer } = await openTestDatabase({ ...options, now: () => times.transfer });
  /** Returns a function that returns the changes of an agent, oldest first. */
  const readChanges = async () => {
    const changes = await rawRows({ options }, 'changes');
    const nameOf = (ms: unknown) => Object.entries(times).find(([, time]) => time === Number(ms))?.[0];
    return (id: string) =>
      changes
        .filter((change) => change['entity'] === 'AGENT' && change['entity_id'] === id)
        .map((change) => `${String(change['kind'])} ${nameOf(change['changed_at'])}`);
  };
  return { one, two, transfer, readChanges };
}

interface ScopedWrite {
  readonly call: (scope: OwnerScope, id: string, round: number) => Promise<unknown>;
  /**
   * Results of the call when the scope owns the agent, and when it does not.
   *
   * @defaultValue `[true, false]`
   */
  readonly results?: readonly [owned: unknown, absent: unknown];
  /** Fields of the changed agent; null when the call deletes it. */
  readonly changed: Partial<AgentRecord> | null;
}

const patch = { description: 'scoped' };
const writes: Record<string, ScopedWrite> = {
  update: { call: ({ agents }, id) => agents.update({ id, ...patch }), changed: patch },
  setStatus: { call: ({ agents }, id) => agents.setStatus(id, 'SUSPENDED'), changed: { status: 'SUSPENDED' } },
  deprecate: { call: ({ agents }, id) => agents.deprecate(id, { reason: 'old' }), changed: { status: 'DEPRECATED' } },
  setCapabilities: {
    call: ({ agents }, id) => agents.setCapabilities(id, ['scoped']),
    changed: { capabilities: ['scoped'] },
  },
  setMetadata: {
    call: ({ agents }, id) => agents.setMetadata(id, { scoped: 1 }),
    changed: { metadata: { scoped: 1 } },
  },
  mergeMetadata: {
    call: ({ agents }, id) => agents.mergeMetadata(id, { scoped: 1 }),
    changed: { metadata: { before: 1, scoped: 1 } },
  },
  setEndpointHealth: {
    call: ({ agents }, id) => agents.setEndpointHealth(id, 'main', newest),
    changed: { endpoints: [{ ...endpoint, health: newest }] },
  },
  recordHealth: {
    call: ({ agents }, agentId) => agents.recordHealth([{ agentId, endpointId: 'main', ...newest }]),
    results: [[true], [false]],
    changed: { endpoints: [{ ...endpoint, health: newest }] },
  },
  renew: {
    call: ({ agents }, id) => agents.renew(id, new Date(times.transfer)),
    changed: { expiresAt: new Date(times.transfer) },
  },
  expireDue: { call: ({ agents }) => agents.expireDue(), results: [1, 0], changed: { status: 'EXPIRED' } },
  updateMany: {
    call: ({ agents }, id) => agents.updateMany([{ id, ...patch }]),
    results: [[expect.objectContaining({ changed: true })], [expect.objectContaining({ changed: false })]],
    changed: patch,
  },
  updateWhere: {
    call: ({ agents }) => agents.updateWhere({ capabilities: ['before'] }, patch),
    results: [1, 0],
    changed: patch,
  },
  'upsertMany by owner, name and version': {
    call: ({ agents }, id, round) => {
      const agent = { ...agentOf(id, `own${round}`), id: undefined };
      return agents.upsertMany([{ ...agent, ...patch }], { by: 'owner-name-version' });
    },
    // The certificate of a new agent would be that of the agent, which then belongs to the other owner.
    results: [[expect.objectContaining({ outcome: 'updated' })], { code: 'REFERENCE_NOT_FOUND' }],
    changed: patch,
  },
  'upsertMany by id': {
    call: ({ agents }, id, round) => agents.upsertMany([{ ...agentOf(id, `own${round}`), ...patch }], { by: 'id' }),
    results: [[expect.objectContaining({ outcome: 'updated' })], { code: 'ALREADY_EXISTS' }],
    changed: patch,
  },
  delete: { call: ({ agents }, id) => agents.delete(id), changed: null },
  deleteMany: { call: ({ agents }, id) => agents.deleteMany([id]), results: [[true], [false]], changed: null },
  deleteWhere: {
    call: ({ agents }) => agents.deleteWhere({ capabilities: ['before'] }),
    results: [1, 0],
    changed: null,
  },
  'certificates.rotate': {
    call: ({ certificates }, id) => certificates.rotate(`of-${id}`, certificateInput({ id: `new-${id}` })),
    results: [expect.stringContaining('new-'), { code: 'REFERENCE_NOT_FOUND' }],
    changed: { certificateId: expect.stringContaining('new-') as string },
  },
  'certificates.revoke': {
    call: ({ certificates }, id) => certificates.revoke(`of-${id}`, { reason: 'superseded', agents: 'suspend' }),
    results: [expect.objectContaining({ revoked: true }), null],
    changed: { status: 'SUSPENDED' },
  },
  transaction: {
    call: (scope, id) =>
      scope.transaction(async (tx) => (await tx.agents.get(id)) !== null && tx.agents.update({ id, ...patch })),
    changed: patch,
  },
};

/** An agent that has everything that a write of the table changes. Its certificate is `of-` and its id. */
function agentOf(id: string, owner: string) {
  const held = { certificateId: `of-${id}`, capabilities: ['before'], metadata: { before: 1 }, endpoints: [endpoint] };
  return agentInput({ id, name: id, owner, ...held, expiresAt: new Date(times.one - 1) });
}

describe('writes of an owner scope during a transfer', () => {
  const rounds = Math.ceil(allRounds / 8);

  test.each(Object.entries(writes))(
    'an owner scope changes an agent only before the agent is transferred to another owner: %s',
    async (_, { call, results = [true, false], changed }) => {
      const { one, transfer, readChanges } = await openServices();
      const ways: boolean[] = [];
      await everyRound(async (round) => {
        const [id, owner] = [`a${round}`, `own${round}`];
        await one.createCertificate(certificateInput({ id: `of-${id}` }));
        await one.createAgent(agentOf(id, owner));
        const [transferred, result] = await race(
          round,
          () => transfer.agents.transfer(id, { to: 'other', ifOwner: owner }),
          () => call(one.forOwner(owner), id, round),
        );
        const agent = await one.getAgent(id);
        const isChanged = changed === null ? agent === null : fits(agent, changed);
        expect({ round, result }).toEqual({ round, result: results[isChanged ? 0 : 1] });
        expect([transferred, agent?.owner]).toEqual(agent === null ? [false, undefined] : [true, 'other']);
        ways[round] = isChanged;
      }, rounds);
      const changesOf = await readChanges();
      for (const [round, isChanged] of ways.entries()) {
        const own = isChanged ? [changed === null ? 'DELETED one' : 'UPDATED one'] : [];
        const given = isChanged && changed === null ? [] : ['UPDATED transfer'];
        expect(changesOf(`a${round}`)).toEqual(['CREATED one', ...own, ...given]);
      }
      expectBothWays(new Set(ways));
      expect(await one.check()).toMatchObject({ ok: true });
    },
  );

  test('an owner scope does not revoke or rotate a certificate that agents of both owners hold', async () => {
    const { one, two, transfer } = await openServices();
    const ways = new Set<boolean>();
    await everyRound(async (round) => {
      const [id, twin, owner] = [`a${round}`, `b${round}`, `own${round}`];
      await one.createCertificate(certificateInput({ id: `of-${id}` }));
      await one.createAgent(agentOf(id, owner));
      await one.createAgent({ ...agentOf(id, owner), id: twin });
      const [transferred, revoked, rotated] = await race(
        round,
        () => transfer.agents.transfer(twin, { to: 'other' }),
        () => one.forOwner(owner).certificates.revoke(`of-${id}`, { reason: 'superseded', agents: 'revoke' }),
        () => two.forOwner('other').certificates.rotate(`of-${id}`, certificateInput()),
      );
      expect(transferred).toBe(true);
      expect([{ code: 'CONFLICT' }, { code: 'REFERENCE_NOT_FOUND' }]).toContainEqual(rotated);
      const wasFirst = !isRefusal(revoked);
      expect(revoked).toEqual(wasFirst ? { revoked: true, agents: [id, twin] } : { code: 'CONFLICT' });
      const status = wasFirst ? 'REVOKED' : 'ACTIVE';
      expect(await one.agents.getMany([id, twin])).toMatchObject([{ status }, { status, owner: 'other' }]);
      ways.add(wasFirst);
    }, rounds);
    expectBothWays(ways);
  });
});

describe('repeated transfers between two owners', () => {
  test('only the current owner of an agent can change it during repeated transfers, and no write is lost', async () => {
    const { one, two, transfer, readChanges } = await openServices();
    await one.createCertificate(certificateInput({ id: 'of-a' }));
    await one.createAgent(agentOf('a', 'one'));
    const made: string[] = [];
    const merge = async (scope: OwnerScope, key: string): Promise<void> => {
      if (await scope.agents.mergeMetadata('a', { [key]: true })) made.push(key);
    };
    const [scopeOne, scopeTwo] = [one.forOwner('one'), two.forOwner('two')];
    await inTurn(Math.ceil(allRounds / 2), async (round) => {
      const [ifOwner, to] = round % 2 === 0 ? ['one', 'two'] : ['two', 'one'];
      const outcomes = await race(
        round,
        () => merge(scopeOne, `one ${round}`),
        () => transfer.agents.transfer('a', { to, ifOwner }),
        () => merge(scopeTwo, `two ${round}`),
        () => scopeOne.agents.updateWhere({ metadata: { before: 1 } }, { description: `one ${round}` }),
        () => scopeTwo.agents.updateMany([{ id: 'a', description: `two ${round}` }]),
      );
      expect(outcomes.filter(isRefusal)).toEqual([]);
      expect(await one.getAgent('a')).toMatchObject({ owner: to });
    });
    const { metadata = {} } = (await one.getAgent('a')) ?? {};
    expect(Object.keys(metadata).sort()).toEqual(['before', ...made].sort());
    let owner = 'one';
    for (const change of (await readChanges())('a').slice(1)) {
      if (change === 'UPDATED transfer') owner = owner === 'one' ? 'two' : 'one';
      else expect(change).toBe(`UPDATED ${owner}`);
    }
  });
});

/** Reports whether an agent has the fields. */
function fits(agent: AgentRecord | null, fields: Partial<AgentRecord>): boolean {
  try {
    expect(agent).toMatchObject(fields);
    return true;
  } catch {
    return false;
  }
}
