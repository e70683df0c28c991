import type { DatabaseService } from '../../src';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { queryRaw } from '../support/raw-reader';
import { everyRound, inTurn, openTwice, outcomesOf, race, rounds as allRounds } from '../support/race';
import type { TestDatabase } from '../support/test-database';

// Some calls wait for each other, which PostgreSQL detects only after a second.
const rounds = Math.ceil(allRounds / 4);

async function openTwo() {
  const { database, db: one, other: two } = await openTwice();
  await createCertificate(one, { id: 'c' });
  return { one, two, database };
}

async function count(database: TestDatabase, from: string): Promise<number> {
  const [[row] = []] = await queryRaw(database, `SELECT CAST(count(*) AS INTEGER) AS n FROM ${from}`);
  return Number(row?.['n']);
}

const orphans = `capabilities c WHERE NOT EXISTS (SELECT 1 FROM agent_capabilities ac WHERE ac.capability_id = c.id)`;

const endpoint = (id: string) => ({ id, protocol: 'https', address: `https://${id}`, port: 1 });

function agent(id: string, capabilities: readonly string[], fields: object = {}) {
  return agentInput({ id, certificateId: 'c', capabilities: [...capabilities], ...fields });
}

describe('concurrent calls that write agents', () => {
  test('only one of two concurrent deletions of an agent returns true', async () => {
    const { one, two } = await openTwo();
    await inTurn(rounds, async () => {
      await one.createAgent(agent('a', ['x']));
      const deleted = await outcomesOf(one.deleteAgent('a'), two.deleteAgent('a'));
      expect(deleted.map(String).sort()).toEqual(['false', 'true']);
    });
  });

  test('an update replaces the capabilities of an agent while other calls create and delete these capabilities', async () => {
    const { one, two, database } = await openTwo();
    await inTurn(rounds, async (round) => {
      await one.createAgent(agent('changed', ['p', 'q', 'r']));
      await one.createAgent(agent('gone', ['q', 's', 't']));
      const id = `new${round}`;
      const ends = await outcomesOf(
        one.updateAgent({ id: 'changed', capabilities: ['s', 't', 'u'] }),
        two.createAgent(agent(id, ['p', 'q', 's'])),
        two.deleteAgent('gone'),
        one.updateAgent({ id: 'changed', capabilities: ['p', 's'] }),
      );
      expect(ends).toEqual([true, id, true, true]);
      expect(await one.getAgent(id)).toMatchObject({ capabilities: ['p', 'q', 's'] });
      const { capabilities = [] } = (await one.getAgent('changed')) ?? {};
      expect(['p,s', 's,t,u']).toContain(capabilities.join());
      expect(await count(database, orphans)).toBe(0);
      await Promise.all([one.deleteAgent('changed'), two.deleteAgent(id)]);
      expect(await count(database, 'capabilities')).toBe(0);
    });
  });

  test('a capability is deleted when concurrent calls remove it from all of its agents', async () => {
    const { one, two, database } = await openTwo();
    await inTurn(rounds, async (round) => {
      const names = ['p', 'q', 'r'];
      const ids = Array.from({ length: 6 }, (_, index) => `a${index}`);
      for (const id of ids) await one.createAgent(agent(id, names));
      // In every second round, one agent keeps one of the capabilities.
      const kept = round % 2 === 0 ? [] : ['q'];
      const ends = await outcomesOf(
        ...startRotated(round, [
          () => one.updateAgent({ id: 'a0', capabilities: kept }),
          () => two.agents.setCapabilities('a1', ['s']),
          () => one.deleteAgent('a2'),
          () => two.transaction((tx) => tx.updateAgent({ id: 'a3', capabilities: [] })),
          () => one.transaction((tx) => tx.deleteAgent('a4')),
          () => two.updateAgent({ id: 'a5', capabilities: ['s'], description: 'changed' }),
        ]),
      );
      expect(ends).toEqual(ids.map(() => true));
      expect(await count(database, orphans)).toBe(0);
      expect(await count(database, 'capabilities')).toBe(kept.length + 1);
      expect((await one.getAgent('a0'))?.capabilities).toEqual(kept);
      for (const id of ids) await one.deleteAgent(id);
      expect(await count(database, 'capabilities')).toBe(0);
    });
  });

  test('concurrent updates never overwrite the revocation of an agent', async () => {
    const { one, two } = await openTwo();
    await inTurn(rounds, async (round) => {
      const id = `a${round}`;
      await one.createAgent(agent(id, []));
      const [revoked, , other] = await outcomesOf(
        one.updateAgent({ id, status: 'REVOKED' }),
        two.updateAgent({ id, name: 'renamed' }),
        two.updateAgent({ id, status: 'ACTIVE' }),
      );
      expect(revoked).toBe(true);
      expect([true, 'INVALID_TRANSITION']).toContain(other);
      expect(await one.getAgent(id)).toMatchObject({ status: 'REVOKED', name: 'renamed' });
    });
  });

  test('concurrent updates of the endpoints and of the default endpoint never store a missing default endpoint', async () => {
    const { one, two, database } = await openTwo();
    await inTurn(rounds, async (round) => {
      const id = `a${round}`;
      await one.createAgent(agent(id, [], { endpoints: [endpoint('old'), endpoint('both')] }));
      const [set, replaced] = await outcomesOf(
        one.updateAgent({ id, defaultEndpoint: 'old' }),
        two.updateAgent({ id, endpoints: [endpoint('both'), endpoint('new')] }),
      );
      expect([true, 'INVALID_INPUT']).toContain(set);
      expect(replaced).toBe(true);
    });
    const dangling = `agents a WHERE default_endpoint_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.id = a.default_endpoint_id)`;
    expect(await count(database, dangling)).toBe(0);
    expect(await count(database, 'endpoints')).toBe(2 * rounds);
  });

  test('concurrent deletions, updates and creations never store an agent with the values of two calls', async () => {
    const { one, two, database } = await openTwo();
    const version = (name: string) => ({
      capabilities: [name, 'shared'],
      metadata: { version: name },
      endpoints: [{ id: name, protocol: 'p', address: name, port: 1 }],
      description: name,
    });
    await inTurn(rounds, async (round) => {
      await one.createAgent(agent('a', [], version('first')));
      const ends = await outcomesOf(
        ...startRotated(round, [
          () => one.deleteAgent('a'),
          () => two.updateAgent({ id: 'a', ...version('changed') }),
          () => one.createAgent(agent('a', [], version('again'))),
          () => two.updateAgent({ id: 'a', ...version('last') }),
          () => two.agents.mergeMetadata('a', { merged: true }),
        ]),
      );
      for (const end of ends) expect([true, false, 'a', 'ALREADY_EXISTS']).toContain(end);
      const found = await one.getAgent('a');
      if (found !== null) {
        const { description = '', capabilities, endpoints, metadata } = found;
        expect([capabilities, metadata['version']]).toEqual([[description, 'shared'], description]);
        expect(endpoints.map(({ id }) => id)).toEqual([description]);
      }
      await one.deleteAgent('a');
      expect(await count(database, 'capabilities')).toBe(0);
    });
  });

  test('an update finds the agent while a concurrent transaction deletes and recreates this agent', async () => {
    const { one, two } = await openTwo();
    await one.createAgent(agent('a', ['x'], { name: 'before' }));
    await inTurn(rounds, async (round) => {
      const replace = () =>
        one.transaction(async (tx) => {
          await tx.deleteAgent('a');
          await tx.createAgent(agent('a', ['x'], { name: `${round}` }));
        });
      const change = () => two.updateAgent({ id: 'a', description: `${round}` });
      const ends = await outcomesOf(...startRotated(round, [replace, change]));
      // The update finds an agent, whether it runs before or after the replacement.
      expect(ends).toContain(true);
      const found = await one.getAgent('a');
      expect(found?.name).toBe(`${round}`);
      expect([undefined, `${round}`]).toContain(found?.description);
    });
  });
});

/** Starts the calls, in an order that changes from round to round. */
function startRotated(round: number, calls: readonly (() => Promise<unknown>)[]): Promise<unknown>[] {
  const first = round % calls.length;
  return [...calls.slice(first), ...calls.slice(0, first)].map((call) => call());
}

/** Calls that suspend an agent without a condition. */
const withdrawals: readonly ((db: DatabaseService, id: string, certificateId: string) => Promise<unknown>)[] = [
  (db, id) => db.agents.setStatus(id, 'SUSPENDED'),
  (db, id) => db.agents.update({ id, status: 'SUSPENDED' }),
  (db, _, certificateId) => db.certificates.revoke(certificateId, { reason: 'superseded', agents: 'suspend' }),
  (db, id) => db.transaction((tx) => tx.agents.setStatus(id, 'SUSPENDED')),
];

// The clock stands still, so that both changes have the same time.
test('an update with ifUpdatedAt does not make an agent ACTIVE that another call has suspended', async () => {
  const { db, other } = await openTwice({ now: () => 1_800_000_000_000 });
  await everyRound(async (round) => {
    const certificateId = await createCertificate(db);
    const id = await createAgent(db, { id: `a${round}`, certificateId });
    const withdraw = withdrawals[round % withdrawals.length];
    if (withdraw === undefined) throw new Error('There is no such way');
    let readStatus: string | undefined;
    const conditionally = async (): Promise<boolean> => {
      const read = await db.getAgent(id);
      readStatus = read?.status;
      return db.agents.update({ id, status: 'ACTIVE' }, { ifUpdatedAt: read?.updatedAt });
    };
    const [changed] = await race(round, conditionally, () => withdraw(other, id, certificateId));
    expect([true, { code: 'CONFLICT' }]).toContainEqual(changed);
    // Only a caller that has read the status SUSPENDED may make the agent ACTIVE again.
    const status = changed === true && readStatus === 'SUSPENDED' ? 'ACTIVE' : 'SUSPENDED';
    expect((await db.getAgent(id))?.status).toBe(status);
  }, 40);
});
