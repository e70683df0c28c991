import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { queryRaw } from '../support/raw-reader';
import { inTurn, openTwice, outcomeOf, rounds as allRounds, type SharedDatabase } from './race';

// Some of them wait for each other, which takes the server a second to notice.
const rounds = Math.ceil(allRounds / 4);

async function openTwo() {
  const database = await openTwice();
  const { db: one, other: two } = database;
  await createCertificate(one, { id: 'c' });
  return { one, two, database };
}

/** Returns the outcomes of concurrent calls: the value, or the code of the error. */
async function outcomes(...calls: readonly (() => Promise<unknown>)[]): Promise<unknown[]> {
  const ends = await Promise.all(calls.map((call) => outcomeOf(call())));
  return ends.map((end) => (typeof end === 'object' && end !== null && 'code' in end ? end.code : end));
}

async function count(database: SharedDatabase, from: string): Promise<number> {
  const [[row] = []] = await queryRaw(database, `SELECT CAST(count(*) AS INTEGER) AS n FROM ${from}`);
  return Number(row?.['n']);
}

const orphans = `capabilities c WHERE NOT EXISTS (SELECT 1 FROM agent_capabilities ac WHERE ac.capability_id = c.id)`;

function agent(id: string, capabilities: readonly string[], fields: object = {}) {
  return agentInput({ id, certificateId: 'c', capabilities: [...capabilities], ...fields });
}

describe('Of two calls at the same time', () => {
  test('that create one id, one succeeds and the other finds it taken', async () => {
    const { one, two, database } = await openTwo();
    await inTurn(rounds, async (round) => {
      const id = `a${round}`;
      const made = await outcomes(
        () => one.createAgent(agent(id, ['x', 'y'], { name: 'one' })),
        () => two.createAgent(agent(id, ['y', 'z'], { name: 'two' })),
      );
      expect([...made].sort()).toEqual(['ALREADY_EXISTS', id]);
      const winner = made[0] === id ? ['one', ['x', 'y']] : ['two', ['y', 'z']];
      const found = await one.getAgent(id);
      expect([found?.name, found?.capabilities]).toEqual(winner);
      await one.deleteAgent(id);
    });
    expect(await count(database, 'capabilities')).toBe(0);
  });

  test('that create one fingerprint in two spellings, one succeeds', async () => {
    const { one, two } = await openTwo();
    await inTurn(rounds, async (round) => {
      const fingerprint = `AB:${String(round).padStart(6, '0')}`;
      const made = await outcomes(
        () => one.createCertificate(certificateInput({ id: `1-${round}`, fingerprint })),
        () => two.createCertificate(certificateInput({ id: `2-${round}`, fingerprint: fingerprint.toLowerCase() })),
      );
      expect(made.filter((outcome) => outcome === 'ALREADY_EXISTS')).toHaveLength(1);
    });
  });

  test('of which one creates an agent with a capability and one deletes its last holder, neither loses anything', async () => {
    const { one, two, database } = await openTwo();
    await inTurn(rounds, async (round) => {
      const names = ['x', 'y', 'z'];
      await one.createAgent(agent('old', names));
      const id = `new${round}`;
      expect(
        await outcomes(
          () => one.createAgent(agent(id, names)),
          () => two.deleteAgent('old'),
        ),
      ).toEqual([id, true]);
      expect(await one.getAgent(id)).toMatchObject({ capabilities: names });
      await one.deleteAgent(id);
      expect(await count(database, 'capabilities')).toBe(0);
    });
  });

  test('that delete the last two holders of a capability, it goes with the second', async () => {
    const { one, two, database } = await openTwo();
    await inTurn(rounds, async () => {
      await Promise.all([one.createAgent(agent('a', ['x', 'y'])), two.createAgent(agent('b', ['y', 'x']))]);
      expect(
        await outcomes(
          () => one.deleteAgent('a'),
          () => two.deleteAgent('b'),
        ),
      ).toEqual([true, true]);
      expect(await count(database, 'capabilities')).toBe(0);
    });
  });

  test('that delete one agent, one finds it', async () => {
    const { one, two } = await openTwo();
    await inTurn(rounds, async () => {
      await one.createAgent(agent('a', ['x']));
      const deleted = await outcomes(
        () => one.deleteAgent('a'),
        () => two.deleteAgent('a'),
      );
      expect(deleted.map(String).sort()).toEqual(['false', 'true']);
    });
  });

  test('of which one replaces capabilities, creations and deletions do it no harm', async () => {
    const { one, two, database } = await openTwo();
    await inTurn(rounds, async (round) => {
      await one.createAgent(agent('changed', ['p', 'q', 'r']));
      await one.createAgent(agent('gone', ['q', 's', 't']));
      const id = `new${round}`;
      const ends = await outcomes(
        () => one.updateAgent({ id: 'changed', capabilities: ['s', 't', 'u'] }),
        () => two.createAgent(agent(id, ['p', 'q', 's'])),
        () => two.deleteAgent('gone'),
        () => one.updateAgent({ id: 'changed', capabilities: ['p', 's'] }),
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

  test('of which one revokes an agent, the agent is revoked in the end', async () => {
    const { one, two } = await openTwo();
    await inTurn(rounds, async (round) => {
      const id = `a${round}`;
      await one.createAgent(agent(id, []));
      const [revoked, , other] = await outcomes(
        () => one.updateAgent({ id, status: 'REVOKED' }),
        () => two.updateAgent({ id, name: 'renamed' }),
        () => two.updateAgent({ id, status: 'ACTIVE' }),
      );
      expect(revoked).toBe(true);
      expect([true, 'INVALID_TRANSITION']).toContain(other);
      expect(await one.getAgent(id)).toMatchObject({ status: 'REVOKED', name: 'renamed' });
    });
  });

  test('of which one sets the default endpoint and one replaces the endpoints, the default is one of them or none', async () => {
    const { one, two, database } = await openTwo();
    const endpoint = (id: string) => ({ id, protocol: 'https', address: `https://${id}`, port: 1 });
    await inTurn(rounds, async (round) => {
      const id = `a${round}`;
      await one.createAgent(agent(id, [], { endpoints: [endpoint('old'), endpoint('both')] }));
      const [set, replaced] = await outcomes(
        () => one.updateAgent({ id, defaultEndpoint: 'old' }),
        () => two.updateAgent({ id, endpoints: [endpoint('both'), endpoint('new')] }),
      );
      expect([true, 'INVALID_INPUT']).toContain(set);
      expect(replaced).toBe(true);
    });
    const dangling = `agents a WHERE default_endpoint_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.id = a.default_endpoint_id)`;
    expect(await count(database, dangling)).toBe(0);
    expect(await count(database, 'endpoints')).toBe(2 * rounds);
  });

  test('that replace the same collections, one follows the other', async () => {
    const { one, two } = await openTwo();
    const endpoint = (id: string) => ({ id, protocol: 'https', address: `https://${id}`, port: 1 });
    await one.createAgent(agent('a', []));
    await inTurn(rounds, async () => {
      const ends = await outcomes(
        () => one.updateAgent({ id: 'a', metadata: { one: 1, k: 1 }, endpoints: [endpoint('e'), endpoint('one')] }),
        () => two.updateAgent({ id: 'a', metadata: { two: 2, k: 2 }, endpoints: [endpoint('e'), endpoint('two')] }),
      );
      expect(ends).toEqual([true, true]);
      const found = await one.getAgent('a');
      const name = found?.endpoints[1]?.id ?? '';
      expect(found?.metadata).toEqual(name === 'one' ? { one: 1, k: 1 } : { two: 2, k: 2 });
      expect(found?.endpoints.map(({ id }) => id)).toEqual(['e', name]);
    });
  });

  test('of which one deletes an agent that others change and register again, what is there in the end is whole', async () => {
    const { one, two, database } = await openTwo();
    const version = (name: string) => ({
      capabilities: [name, 'shared'],
      metadata: { version: name },
      endpoints: [{ id: name, protocol: 'p', address: name, port: 1 }],
      description: name,
    });
    await inTurn(rounds, async (round) => {
      await one.createAgent(agent('a', [], version('first')));
      const ends = await outcomes(
        ...rotated(round, [
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

  test('of which one replaces an agent in a transaction, a change finds the one or the other', async () => {
    const { one, two } = await openTwo();
    await one.createAgent(agent('a', ['x'], { name: 'before' }));
    await inTurn(rounds, async (round) => {
      const replace = () =>
        one.transaction(async (tx) => {
          await tx.deleteAgent('a');
          await tx.createAgent(agent('a', ['x'], { name: `${round}` }));
        });
      const change = () => two.updateAgent({ id: 'a', description: `${round}` });
      const ends = await outcomes(...rotated(round, [replace, change]));
      // There is an agent at every moment.
      expect(ends).toContain(true);
      const found = await one.getAgent('a');
      expect(found?.name).toBe(`${round}`);
      expect([undefined, `${round}`]).toContain(found?.description);
    });
  });
});

/** The calls in another order from round to round. */
function rotated<T>(round: number, calls: readonly T[]): T[] {
  const first = round % calls.length;
  return [...calls.slice(first), ...calls.slice(0, first)];
}
