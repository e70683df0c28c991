import { agentInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { expectError, expectRefused } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const now = Date.parse('2026-06-01T12:00:00.007Z');
const thirtyDaysMs = 30 * 24 * 60 * 60 * 1000;

describe('createAgent', () => {
  test('Agent creation with valid data succeeds', async () => {
    const { db } = await openTestDatabase();
    const agent = wholeAgent({ certificateId: await createCertificate(db) });
    expect(await db.createAgent(agent)).toBe('agent-1');
    expect(await db.getAgent('agent-1')).toStrictEqual(agent);
  });

  test('Agent creation with duplicate ID fails', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const first = wholeAgent({ certificateId: await createCertificate(db) });
    await db.createAgent(first);
    const second = { ...first, name: 'Other', capabilities: ['other'], metadata: { other: 1 } };
    const error = await expectRefused(database, 'ALREADY_EXISTS', () => db.createAgent(second));
    expect(error).toMatchObject({ entity: 'agent', field: 'id', operation: 'agents.create', retryable: false });
    expect(await db.getAgent(first.id)).toStrictEqual(first);
  });

  test('an unknown certificate is REFERENCE_NOT_FOUND and nothing of the agent is kept', async () => {
    const database = await openTestDatabase();
    const agent = wholeAgent({ certificateId: 'no-such-certificate' });
    const error = await expectRefused(database, 'REFERENCE_NOT_FOUND', () => database.db.createAgent(agent));
    expect(error).toMatchObject({ entity: 'certificate', field: 'certificateId' });
  });

  test('only name, publicKey, certificateId, version and owner are required', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const certificateId = await createCertificate(db);
    const id = await db.createAgent(agentInput({ certificateId }));
    expect(id).toMatch(uuidv7);
    expect(await db.getAgent(id)).toStrictEqual({
      ...agentInput({ certificateId }),
      id,
      endpoints: [],
      capabilities: [],
      metadata: {},
      createdAt: new Date(now),
      updatedAt: new Date(now),
      expiresAt: new Date(now + thirtyDaysMs),
      status: 'ACTIVE',
    });
  });

  test('fields given as undefined are the same as fields left out', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const certificateId = await createCertificate(db);
    const nothing = {
      id: undefined,
      endpoints: undefined,
      defaultEndpoint: undefined,
      capabilities: undefined,
      description: undefined,
      metadata: undefined,
      createdAt: undefined,
      updatedAt: undefined,
      expiresAt: undefined,
      status: undefined,
    };
    const id = await db.createAgent({ ...agentInput({ certificateId }), ...nothing });
    const agent = await db.getAgent(id);
    expect(agent).not.toHaveProperty('description');
    expect(agent).not.toHaveProperty('defaultEndpoint');
    expect(agent).toMatchObject({ status: 'ACTIVE', expiresAt: new Date(now + thirtyDaysMs), metadata: {} });
  });

  test('every generated id is another one', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const ids = await Promise.all(Array.from({ length: 50 }, () => db.createAgent(agentInput({ certificateId }))));
    expect(new Set(ids).size).toBe(50);
    expect(ids.every((id) => uuidv7.test(id))).toBe(true);
  });

  test.each([
    ['defaultAgentLifetimeMs', 1000],
    ['a lifetime of 0, which ends at once', 0],
  ])('without expiresAt the agent lives for %s', async (_, defaultAgentLifetimeMs) => {
    const { db } = await openTestDatabase({ now: () => now, defaultAgentLifetimeMs });
    const agent = await db.getAgent(await createAgent(db));
    expect(agent?.expiresAt).toEqual(new Date(now + defaultAgentLifetimeMs));
  });

  test.each(['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'REVOKED', 'EXPIRED'] as const)(
    'an agent may be created as %s',
    async (status) => {
      const { db } = await openTestDatabase();
      expect(await db.getAgent(await createAgent(db, { status }))).toMatchObject({ status });
    },
  );

  test('two agents may share name, version, owner and certificate', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const ids = [await createAgent(db, { certificateId }), await createAgent(db, { certificateId })];
    expect(await db.queryAgents({ ids, name: 'test agent', version: '1.0.0', owner: 'test-owner' })).toHaveLength(2);
  });

  test('ids that differ in case or by an accent are different ids', async () => {
    const { db } = await openTestDatabase();
    for (const id of ['é', 'e\u0301', 'É', 'e']) await createAgent(db, { id, name: `name of ${id}` });
    expect(await db.getAgent('e\u0301')).toMatchObject({ id: 'e\u0301', name: 'name of e\u0301' });
    expect(await db.getAgent('é')).toMatchObject({ id: 'é', name: 'name of é' });
  });

  test('what was given is not changed by creating it', async () => {
    const { db } = await openTestDatabase();
    const agent = { ...wholeAgent({ certificateId: await createCertificate(db) }), capabilities: ['b', 'a', 'b'] };
    const copy = structuredClone(agent);
    await db.createAgent(agent);
    expect(agent).toStrictEqual(copy);
  });
});

describe('getAgent', () => {
  test('Get agent with valid ID returns correct agent', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const [first, second] = ['1', '2'].map((id) => wholeAgent({ certificateId, id, name: `Agent ${id}` }));
    if (first === undefined || second === undefined) throw new Error('unreachable');
    await db.createAgent(first);
    await db.createAgent(second);
    expect(await db.getAgent('2')).toStrictEqual(second);
  });

  test('Get agent with non-existent ID returns null', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, { id: 'agent-1' });
    expect(await db.getAgent('agent-2')).toBeNull();
    expect(await db.getAgent('AGENT-1')).toBeNull();
    expect(await db.getAgent('agent-%')).toBeNull();
  });

  test('an empty id is refused', async () => {
    const { db } = await openTestDatabase();
    expect(await expectError('INVALID_INPUT', () => db.getAgent(''))).toMatchObject({ field: 'id' });
  });

  test('two reads give records of their own', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { metadata: { list: [1] }, capabilities: ['a'] });
    const first = await db.getAgent(id);
    first?.capabilities.push('mine');
    Object.assign(first?.metadata ?? {}, { list: [2] });
    expect(await db.getAgent(id)).toMatchObject({ capabilities: ['a'], metadata: { list: [1] } });
  });
});

describe('the services and the flat methods', () => {
  test('db.agents does what the flat methods do', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const agent = wholeAgent({ certificateId: await createCertificate(db) });
    expect(await db.agents.create(agent)).toBe(agent.id);
    expect(await db.agents.get(agent.id)).toStrictEqual(agent);
    expect(await db.agents.query({ id: agent.id })).toStrictEqual([agent]);
    expect(await db.agents.update({ id: agent.id, name: 'New' })).toBe(true);
    expect(await db.getAgent(agent.id)).toMatchObject({ name: 'New' });
    expect(await db.agents.delete(agent.id)).toBe(true);
    expect(await rawCounts(database)).toMatchObject({ agents: 0, endpoints: 0, capabilities: 0, agent_metadata: 0 });
  });
});
