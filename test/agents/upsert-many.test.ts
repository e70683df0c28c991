import type { AgentInput } from '../../src';
import { newsOf } from '../certificates/feed';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { agentInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

const byId = { by: 'id' } as const;
const byName = { by: 'owner-name-version' } as const;

describe('agents.upsertMany', () => {
  test.each([byId, byName])(
    'upsertMany creates an agent, leaves an equal agent unchanged, and updates a different one: %j',
    async (options) => {
      const { db, ...database } = await openTestDatabase();
      const certificateId = await createCertificate(db);
      const agent = wholeAgent({ id: 'a', certificateId });
      const input = { ...agent, id: options === byName ? undefined : 'a' };
      const [created] = await db.agents.upsertMany([input], options);
      expect(created).toMatchObject({ outcome: 'created' });
      const id = created?.id ?? '';
      expect(await db.getAgent(id)).toEqual({ ...agent, id });
      const news = await newsOf(database, async () => {
        const reordered = { ...input, metadata: Object.fromEntries(Object.entries(agent.metadata).reverse()) };
        expect(await db.agents.upsertMany([reordered, input], options)).toEqual([
          { id, outcome: 'unchanged' },
          { id, outcome: 'unchanged' },
        ]);
      });
      expect(news).toEqual([]);
      expect(await db.getAgent(id)).toEqual({ ...agent, id });
      const changes: Partial<AgentInput>[] = [
        { description: 'New' },
        { metadata: {} },
        { capabilities: ['search'] },
        { endpoints: agent.endpoints.slice(1) },
        { status: 'ACTIVE' },
        { expiresAt: new Date(5) },
        { publicKey: 'KEY' },
        { endpoints: [], defaultEndpoint: undefined },
      ];
      for (const change of changes) {
        const news = await newsOf(database, async () =>
          expect(await db.agents.upsertMany([{ ...input, ...change }], options)).toEqual([{ id, outcome: 'updated' }]),
        );
        expect(news).toEqual([`AGENT ${id} UPDATED`]);
      }
      expect(await db.getAgent(id)).toMatchObject({ publicKey: agent.publicKey, endpoints: [] });
    },
  );

  test('upsertMany keeps the fields that the caller omits, and the ids and health of endpoints', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const endpoints = [
      { protocol: 'https', address: 'one', port: 1 },
      { protocol: 'https', address: 'two', port: 2, health: { status: 'HEALTHY' as const } },
    ];
    const input = agentInput({ certificateId, endpoints, capabilities: ['read'], description: 'About' });
    const [first] = await db.agents.upsertMany([input], byName);
    const id = first?.id ?? '';
    const stored = await db.getAgent(id);
    expect(await db.agents.upsertMany([input], byName)).toEqual([{ id, outcome: 'unchanged' }]);
    expect(await db.agents.upsertMany([agentInput({ certificateId })], byName)).toEqual([{ id, outcome: 'unchanged' }]);
    const reversed = { ...input, endpoints: [...endpoints].reverse() };
    expect(await db.agents.upsertMany([reversed], byName)).toEqual([{ id, outcome: 'updated' }]);
    expect((await db.getAgent(id))?.endpoints).toEqual([...(stored?.endpoints ?? [])].reverse());
  });

  test('upsertMany returns the same outcomes for a repeated agent as separate calls', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = ['1.0.0', '1.0.0', '2.0.0', '1.0.0'].map((version, index) =>
      agentInput({ certificateId, version, description: index === 3 ? 'Other' : 'First' }),
    );
    const results = await db.agents.upsertMany(agents, byName);
    expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'unchanged', 'created', 'updated']);
    expect(new Set(results.map(({ id }) => id)).size).toBe(2);
  });

  test('upsertMany gives a new agent a unique name that an earlier agent of the same call releases', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    await db.agents.create(agentInput({ id: 'a', certificateId, name: 'A' }), { unique: 'name-version' });
    const renamed = agentInput({ id: 'a', certificateId, name: 'B' });
    const taking = agentInput({ id: 'b', certificateId, name: 'A' });
    await expectError('ALREADY_EXISTS', () => db.agents.upsertMany([taking, renamed], byId));
    expect(await db.agents.upsertMany([renamed, taking], byId)).toEqual([
      { id: 'a', outcome: 'updated' },
      { id: 'b', outcome: 'created' },
    ]);
  });

  test('upsertMany writes nothing when it refuses several matches, a different or missing id, or a revoked agent', async () => {
    const { db, ...database } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    for (const id of ['a', 'b']) await createAgent(db, { id, certificateId });
    await createAgent(db, { id: 'r', certificateId, version: '2.0.0', status: 'REVOKED' });
    const fresh = agentInput({ certificateId, name: 'Fresh' });
    const refused = async (code: 'CONFLICT' | 'INVALID_INPUT' | 'INVALID_TRANSITION', fields: Partial<AgentInput>, by = byName.by as 'id' | 'owner-name-version') => // prettier-ignore
      expectRefused(database, code, () => db.agents.upsertMany([{ id: 'f', ...fresh }, agentInput({ certificateId, ...fields })], { by })); // prettier-ignore
    expect(await refused('CONFLICT', {})).toMatchObject({ field: 'agents[1].name' });
    expect(await refused('CONFLICT', { version: '2.0.0', id: 'x' })).toMatchObject({ field: 'agents[1].id' });
    expect(await refused('INVALID_INPUT', {}, 'id')).toMatchObject({ field: 'agents[1].id' });
    await refused('INVALID_TRANSITION', { version: '2.0.0', status: 'ACTIVE' });
    await expectError('INVALID_INPUT', () => callUntyped(db.agents, 'upsertMany', [], { by: 'name' }));
    await expectError('INVALID_INPUT', () => callUntyped(db.agents, 'upsertMany', []));
  });

  test.each([byId, byName])('concurrent calls of upsertMany create each agent only once: %j', async (options) => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = Array.from({ length: 40 }, (_, index) =>
      agentInput({ id: options === byId ? `a${index}` : undefined, certificateId, name: `n${index}` }),
    );
    const orders = [agents, agents, [...agents].reverse(), agents.slice(10)];
    const results = await Promise.all(orders.map((some) => db.agents.upsertMany(some, options)));
    expect(results.flat().filter(({ outcome }) => outcome === 'created')).toHaveLength(40);
    expect(results.flat().filter(({ outcome }) => outcome === 'updated')).toHaveLength(0);
    expect(await db.agents.count()).toBe(40);
  });
});
