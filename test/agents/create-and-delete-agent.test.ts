import { expectRefused } from '../support/expect-error';
import { agentInput, createAgent, createCertificate, wholeAgent, uuidv7 } from '../support/factories';
import { rawCounts, rawValues, allRawRows } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const thirtyDaysMs = 30 * 24 * 60 * 60 * 1000;
const certificateId = 'c';
const shared = shareTestDatabase({ now: () => now }, ({ db }) => createCertificate(db, { id: certificateId }));

describe('createAgent', () => {
  test('Agent creation with valid data succeeds', async () => {
    const { db } = shared();
    const agent = { ...wholeAgent({ id: 'whole', certificateId }), capabilities: ['b', 'a', 'b'] };
    const copy = structuredClone(agent);
    expect(await db.createAgent(agent)).toBe('whole');
    expect(await db.getAgent('whole')).toStrictEqual({ ...agent, capabilities: ['a', 'b'] });
    expect(agent).toStrictEqual(copy);
  });

  test('Agent creation with duplicate ID fails', async () => {
    const { db } = shared();
    const first = wholeAgent({ id: 'first', certificateId });
    await db.createAgent(first);
    const second = { ...first, name: 'Other', capabilities: ['other'], metadata: { other: 1 } };
    const error = await expectRefused(shared(), 'ALREADY_EXISTS', () => db.createAgent(second));
    expect(error).toMatchObject({ entity: 'agent', field: 'id', operation: 'agents.create', retryable: false });
  });

  test('createAgent fails with REFERENCE_NOT_FOUND and writes nothing when the certificate does not exist', async () => {
    const agent = wholeAgent({ certificateId: 'no-such-certificate', capabilities: ['stray'] });
    const error = await expectRefused(shared(), 'REFERENCE_NOT_FOUND', () => shared().db.createAgent(agent));
    expect(error).toMatchObject({ entity: 'certificate', field: 'certificateId' });
  });

  test('createAgent requires only name, publicKey, certificateId, version and owner, and sets the defaults of other fields', async () => {
    const { db } = shared();
    const omitted = ['id', 'endpoints', 'defaultEndpoint', 'capabilities', 'description', 'metadata'];
    const nothing = Object.fromEntries(
      [...omitted, 'createdAt', 'updatedAt', 'expiresAt', 'status'].map((field) => [field, undefined]),
    );
    for (const fields of [{}, nothing]) {
      const id = await db.createAgent({ ...agentInput({ certificateId }), ...fields });
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
    }
  });

  test.each([
    [1000, now + 1000],
    [0, now],
    [Number.MAX_SAFE_INTEGER, Date.parse('9999-12-31T23:59:59.999Z')],
  ])(
    'createAgent sets expiresAt from a defaultAgentLifetimeMs of %i, up to the end of year 9999',
    async (lifetimeMs, expiresAt) => {
      const { db } = await openTestDatabase({ now: () => now, defaultAgentLifetimeMs: lifetimeMs });
      expect((await db.getAgent(await createAgent(db)))?.expiresAt).toEqual(new Date(expiresAt));
    },
  );

  test('createAgent distinguishes ids that differ in letter case or Unicode normal form', async () => {
    const { db } = shared();
    const ids = ['é', 'e\u0301', 'É', 'e'];
    for (const id of ids) await createAgent(db, { id, name: `name of ${id}` });
    for (const id of ids) expect(await db.getAgent(id)).toMatchObject({ id, name: `name of ${id}` });
  });
});

describe('getAgent', () => {
  test('Get agent with valid ID returns correct agent', async () => {
    const { db } = shared();
    const agents = ['1', '2'].map((id) => wholeAgent({ certificateId, id, name: `Agent ${id}` }));
    for (const agent of agents) expect(await db.agents.create(agent)).toBe(agent.id);
    for (const agent of agents) expect(await db.getAgent(agent.id)).toStrictEqual(agent);
    expect(await db.agents.get('2')).toStrictEqual(agents[1]);
  });

  test('Get agent with non-existent ID returns null', async () => {
    const { db } = shared();
    await createAgent(db, { id: 'agent-1' });
    for (const id of ['agent-2', 'AGENT-1', 'agent-%']) expect(await db.getAgent(id)).toBeNull();
  });
});

describe('deleteAgent', () => {
  test('Delete agent with valid ID succeeds', async () => {
    const { db, ...database } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const other = wholeAgent({ certificateId, id: 'other' });
    await db.createAgent(wholeAgent({ certificateId, id: 'gone', capabilities: ['own', 'search'] }));
    await db.createAgent(other);
    expect(await db.deleteAgent('gone')).toBe(true);
    expect(await db.getAgent('gone')).toBeNull();
    expect(await db.queryAgents({})).toStrictEqual([other]);
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['search', 'translate']);
    expect(await db.agents.delete('other')).toBe(true);
    const counts = Object.entries(await rawCounts(database)).filter(([, count]) => count > 0);
    expect(counts).toEqual([
      ['certificates', 1],
      ['changes', 5],
    ]);
  });

  test('Delete agent with non-existent ID returns false', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { id: 'agent-1', capabilities: ['a'] });
    const before = await allRawRows(database);
    expect(await database.db.deleteAgent('agent-2')).toBe(false);
    expect(await allRawRows(database)).toEqual(before);
  });
});

describe('unused capabilities', () => {
  test('an update that removes a capability from its last agent deletes the capability', async () => {
    const { db, ...database } = await openTestDatabase();
    const id = await createAgent(db, { capabilities: ['dropped', 'kept', 'shared'] });
    await createAgent(db, { capabilities: ['shared'] });
    await db.updateAgent({ id, capabilities: ['kept', 'new'] });
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['kept', 'new', 'shared']);
    expect(await db.updateAgent({ id: 'no-such-agent', capabilities: ['stray'] })).toBe(false);
    await db.updateAgent({ id, capabilities: [] });
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['shared']);
  });
});
