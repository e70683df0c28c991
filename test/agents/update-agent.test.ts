import type { AgentUpdate } from '../../src';
import { createCertificate, wholeAgent } from '../support/factories';
import { expectRefused } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const health = { status: 'HEALTHY', lastChecked: new Date(now) } as const;

async function openWithAgent() {
  const database = await openTestDatabase({ now: () => now });
  const certificateId = await createCertificate(database.db);
  const agent = wholeAgent({ certificateId });
  await database.db.createAgent(agent);
  return { ...database, agent };
}

describe('updateAgent', () => {
  test('Update agent with valid data succeeds', async () => {
    const { db, agent } = await openWithAgent();
    const certificateId = await createCertificate(db);
    const endpoint = { id: 'new', protocol: 'grpc', address: 'c', port: 50051, health, metadata: { a: 1 } };
    const changed = {
      ...agent,
      certificateId,
      name: 'New name',
      publicKey: 'new key',
      version: '2.0.0',
      description: 'New description',
      owner: 'new-owner',
      status: 'DEPRECATED' as const,
      createdAt: new Date(1),
      expiresAt: new Date(2),
      endpoints: [endpoint],
      defaultEndpoint: endpoint,
      capabilities: ['write'],
      metadata: { only: true },
    };
    expect(await db.updateAgent(changed)).toBe(true);
    expect(await db.getAgent(agent.id)).toStrictEqual({ ...changed, updatedAt: new Date(now) });
  });

  test('Update agent with non-existent ID fails', async () => {
    const { db, agent, ...database } = await openWithAgent();
    const before = await allRawRows(database);
    expect(await db.updateAgent({ ...agent, id: 'no-such-agent' })).toBe(false);
    expect(await db.updateAgent({ id: 'no-such-agent', certificateId: 'no-such-certificate' })).toBe(false);
    expect(await db.updateAgent({ id: 'no-such-agent', defaultEndpoint: 'main' })).toBe(false);
    expect(await allRawRows(database)).toEqual(before);
  });

  const singleChanges: readonly (readonly [string, Omit<AgentUpdate, 'id'>])[] = [
    ['name', { name: 'Renamed' }],
    ['publicKey', { publicKey: 'k' }],
    ['version', { version: 'v9' }],
    ['description', { description: '' }],
    ['owner', { owner: 'someone' }],
    ['status', { status: 'ACTIVE' }],
    ['expiresAt', { expiresAt: new Date('9999-12-31T23:59:59.999Z') }],
    ['createdAt', { createdAt: new Date(0) }],
    ['capabilities', { capabilities: ['a', 'b'] }],
    ['metadata', { metadata: { a: { b: 1 } } }],
  ];

  test.each(singleChanges)('changes %s and keeps all the rest', async (_, change) => {
    const { db, agent } = await openWithAgent();
    expect(await db.updateAgent({ id: agent.id, ...change })).toBe(true);
    expect(await db.getAgent(agent.id)).toStrictEqual({ ...agent, ...change, updatedAt: new Date(now) });
  });

  test('with every field undefined changes nothing but updatedAt', async () => {
    const { db, agent } = await openWithAgent();
    const nothing = Object.fromEntries(Object.keys(agent).map((field) => [field, undefined]));
    expect(await db.updateAgent({ ...nothing, id: agent.id })).toBe(true);
    expect(await db.getAgent(agent.id)).toStrictEqual({ ...agent, updatedAt: new Date(now) });
  });

  test('takes null as the wish to clear an optional field', async () => {
    const { db, agent } = await openWithAgent();
    expect(await db.updateAgent({ id: agent.id, description: null, defaultEndpoint: null })).toBe(true);
    const cleared = Object.fromEntries(
      Object.entries({ ...agent, updatedAt: new Date(now) }).filter(
        ([field]) => field !== 'description' && field !== 'defaultEndpoint',
      ),
    );
    expect(await db.getAgent(agent.id)).toStrictEqual(cleared);
  });

  test.each(['name', 'publicKey', 'certificateId', 'version', 'owner', 'status', 'id'])(
    'refuses null for %s, which cannot be without',
    async (field) => {
      const { agent, ...database } = await openWithAgent();
      const change = { id: agent.id, [field]: null };
      const error = await expectRefused(database, 'INVALID_INPUT', () => database.db.updateAgent(change));
      expect(error.field).toBe(field);
    },
  );

  test('makes a collection empty when it is given an empty one', async () => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, endpoints: [], capabilities: [], metadata: {} });
    const read = await db.getAgent(agent.id);
    expect(read).toMatchObject({ endpoints: [], capabilities: [], metadata: {} });
    expect(read).not.toHaveProperty('defaultEndpoint');
  });

  test('sets updatedAt to now, or to the previous value plus one millisecond, and ignores the value of the caller', async () => {
    let time = now;
    const { db } = await openTestDatabase({ now: () => time });
    const agent = wholeAgent({ certificateId: await createCertificate(db), updatedAt: new Date(now + 5000) });
    await db.createAgent(agent);
    await db.updateAgent({ ...agent, updatedAt: new Date(1) });
    expect((await db.getAgent(agent.id))?.updatedAt).toEqual(new Date(now + 5001));
    time += 6000;
    await db.updateAgent({ id: agent.id });
    expect((await db.getAgent(agent.id))?.updatedAt).toEqual(new Date(now + 6000));
  });

  test('of a record that was read changes nothing else, the default endpoint included', async () => {
    const { db, agent } = await openWithAgent();
    const read = await db.getAgent(agent.id);
    if (read === null) throw new Error('unreachable');
    expect(await db.updateAgent(read)).toBe(true);
    expect(await db.getAgent(agent.id)).toStrictEqual({ ...agent, updatedAt: new Date(now) });
  });

  test('that changes name and version is what queries see', async () => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, name: 'ÄRGER', version: '3.1.0' });
    expect(await db.queryAgents({ name: 'ärg', version: '^3.0.0' })).toHaveLength(1);
    expect(await db.queryAgents({ name: 'test' })).toEqual([]);
    expect(await db.queryAgents({ version: '1.x || 1.2.3-rc.1' })).toEqual([]);
  });
});

describe('the default endpoint in an update', () => {
  const kept = { id: 'main', protocol: 'https', address: 'moved', port: 1, health };
  const other = { id: 'other', protocol: 'https', address: 'o', port: 2, health };

  test('is cleared when the endpoints are replaced and it is not among them', async () => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, endpoints: [kept, other] });
    expect(await db.getAgent(agent.id)).not.toHaveProperty('defaultEndpoint');
  });

  test('stays when the endpoints are replaced and it is among them, with what they say now', async () => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, defaultEndpoint: 'main' });
    await db.updateAgent({ id: agent.id, endpoints: [other, kept] });
    expect((await db.getAgent(agent.id))?.defaultEndpoint).toStrictEqual(kept);
  });

  test('stays when the endpoints are kept', async () => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, name: 'x', endpoints: undefined });
    expect((await db.getAgent(agent.id))?.defaultEndpoint).toStrictEqual(agent.defaultEndpoint);
  });

  test('may be one of the new endpoints', async () => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, endpoints: [kept, other], defaultEndpoint: other });
    expect((await db.getAgent(agent.id))?.defaultEndpoint).toStrictEqual(other);
  });

  test.each([
    ['one that the agent does not have', { defaultEndpoint: 'no-such-endpoint' }],
    ['one that the new endpoints do not have', { endpoints: [kept], defaultEndpoint: 'spare' }],
    ['one, while the endpoints go', { endpoints: [], defaultEndpoint: 'main' }],
    ['another agent’s', { name: 'half', metadata: { half: true }, defaultEndpoint: 'foreign' }],
  ])('is refused when it is %s', async (_, change) => {
    const { agent, ...database } = await openWithAgent();
    const foreign = { ...other, id: 'foreign' };
    await database.db.createAgent({ ...agent, id: 'agent-2', endpoints: [foreign], defaultEndpoint: foreign });
    const update = () => database.db.updateAgent({ id: agent.id, ...change });
    expect((await expectRefused(database, 'INVALID_INPUT', update)).field).toBe('defaultEndpoint');
  });
});

describe('an update that fails', () => {
  async function refuse(database: TestDatabase, code: 'REFERENCE_NOT_FOUND' | 'INVALID_INPUT', change: AgentUpdate) {
    return expectRefused(database, code, () => database.db.updateAgent(change));
  }

  test('for want of its certificate changes nothing at all', async () => {
    const { agent, ...database } = await openWithAgent();
    const { id } = agent;
    const change = { id, name: 'half', endpoints: [], capabilities: ['half'], metadata: { half: true } };
    const error = await refuse(database, 'REFERENCE_NOT_FOUND', { ...change, certificateId: 'no-such-certificate' });
    expect(error).toMatchObject({ entity: 'certificate', field: 'certificateId', operation: 'agents.update' });
  });

  test('at its last endpoint changes nothing at all', async () => {
    const { agent, ...database } = await openWithAgent();
    const endpoints = [1, 2, 70_000].map((port) => ({ protocol: 'https', address: 'a', port }));
    const change = { id: agent.id, name: 'half', capabilities: ['half'], endpoints };
    expect((await refuse(database, 'INVALID_INPUT', change)).field).toBe('endpoints[2].port');
  });

  test('inside a transaction leaves the transaction’s other changes', async () => {
    const { db, agent } = await openWithAgent();
    await db.transaction(async (tx) => {
      await tx.updateAgent({ id: agent.id, name: 'kept' });
      const failing = tx.updateAgent({ id: agent.id, metadata: { half: true }, certificateId: 'no-such-certificate' });
      await expect(failing).rejects.toMatchObject({ code: 'REFERENCE_NOT_FOUND' });
    });
    expect(await db.getAgent(agent.id)).toStrictEqual({ ...agent, name: 'kept', updatedAt: new Date(now) });
  });
});

describe('a revoked agent', () => {
  test.each(['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED'] as const)('does not become %s', async (status) => {
    const { agent, ...database } = await openWithAgent();
    await database.db.updateAgent({ id: agent.id, status: 'REVOKED' });
    const change = { id: agent.id, status, name: 'half', capabilities: ['half'], metadata: { half: true } };
    const error = await expectRefused(database, 'INVALID_TRANSITION', () => database.db.updateAgent(change));
    expect(error).toMatchObject({ entity: 'agent', field: 'status', retryable: false });
  });

  test('may be revoked again, and change in other ways', async () => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, status: 'REVOKED' });
    expect(await db.updateAgent({ id: agent.id, status: 'REVOKED' })).toBe(true);
    expect(await db.updateAgent({ id: agent.id, description: 'gone' })).toBe(true);
    expect(await db.getAgent(agent.id)).toMatchObject({ status: 'REVOKED', description: 'gone' });
  });

  test.each(['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED'] as const)('may have been %s before', async (status) => {
    const { db, agent } = await openWithAgent();
    await db.updateAgent({ id: agent.id, status });
    expect(await db.updateAgent({ id: agent.id, status: 'REVOKED' })).toBe(true);
    expect((await db.getAgent(agent.id))?.status).toBe('REVOKED');
  });
});
