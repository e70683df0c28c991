import type { AgentRecord, AgentUpdate } from '../../src';
import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { expectRefused } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const statuses = ['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED'] as const;
const health = { status: 'HEALTHY', lastChecked: new Date(now) } as const;

const shared = shareTestDatabase({ now: () => now }, ({ db }) => createCertificate(db, { id: 'c' }));
let count = 0;

/** Creates an agent with every field. */
async function createWhole(): Promise<AgentRecord> {
  const agent = wholeAgent({ id: `agent-${(count += 1)}`, certificateId: 'c' });
  await shared().db.createAgent(agent);
  return agent;
}

describe('updateAgent', () => {
  test('Update agent with valid data succeeds', async () => {
    const { db } = shared();
    const agent = await createWhole();
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
    const { db } = shared();
    const agent = await createWhole();
    const before = await allRawRows(shared());
    expect(await db.updateAgent({ ...agent, id: 'no-such-agent' })).toBe(false);
    expect(await db.updateAgent({ id: 'no-such-agent', certificateId: 'no-such-certificate' })).toBe(false);
    expect(await db.updateAgent({ id: 'no-such-agent', defaultEndpoint: 'main' })).toBe(false);
    expect(await allRawRows(shared())).toEqual(before);
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

  test.each(singleChanges)('updateAgent changes only %s and updatedAt', async (_, change) => {
    const { db } = shared();
    const agent = await createWhole();
    expect(await db.updateAgent({ id: agent.id, ...change })).toBe(true);
    expect(await db.getAgent(agent.id)).toStrictEqual({ ...agent, ...change, updatedAt: new Date(now) });
  });

  test('updateAgent changes only updatedAt when every field is undefined or has its stored value', async () => {
    const { db } = shared();
    const agent = await createWhole();
    const nothing = Object.fromEntries(Object.keys(agent).map((field) => [field, undefined]));
    for (const [index, fields] of [nothing, await db.getAgent(agent.id)].entries()) {
      expect(await db.updateAgent({ ...fields, id: agent.id })).toBe(true);
      expect(await db.getAgent(agent.id)).toStrictEqual({ ...agent, updatedAt: new Date(now + index) });
    }
  });

  test('updateAgent removes an optional field whose new value is null', async () => {
    const { db } = shared();
    const agent = await createWhole();
    expect(await db.updateAgent({ id: agent.id, description: null, defaultEndpoint: null })).toBe(true);
    const { description, defaultEndpoint, ...others } = agent;
    expect([description, defaultEndpoint]).not.toContain(undefined);
    expect(await db.getAgent(agent.id)).toStrictEqual({ ...others, updatedAt: new Date(now) });
  });

  test('updateAgent replaces a collection with an empty collection', async () => {
    const { db } = shared();
    const agent = await createWhole();
    await db.updateAgent({ id: agent.id, endpoints: [], capabilities: [], metadata: {} });
    const read = await db.getAgent(agent.id);
    expect(read).toMatchObject({ endpoints: [], capabilities: [], metadata: {} });
    expect(read).not.toHaveProperty('defaultEndpoint');
  });

  test('queries find an updated agent by its new name and version', async () => {
    const { db } = shared();
    const { id } = await createWhole();
    await db.updateAgent({ id, name: 'ÄRGER', version: '3.1.0' });
    expect(await db.queryAgents({ id, name: 'ärg', version: '^3.0.0' })).toHaveLength(1);
    expect(await db.queryAgents({ id, name: 'test' })).toEqual([]);
    expect(await db.queryAgents({ id, version: '1.x || 1.2.3-rc.1' })).toEqual([]);
  });
});

const kept = { id: 'main', protocol: 'https', address: 'moved', port: 1, health };
const other = { id: 'other', protocol: 'https', address: 'o', port: 2, health };

describe('updates of defaultEndpoint', () => {
  test('updateAgent keeps the default endpoint only when the new endpoints contain an endpoint with the same id', async () => {
    const { db } = shared();
    const { id, endpoints } = await createWhole();
    for (const changed of [[kept, other], endpoints]) {
      await db.updateAgent({ id, endpoints: changed });
      expect(await db.getAgent(id)).not.toHaveProperty('defaultEndpoint');
    }
    await db.updateAgent({ id, defaultEndpoint: 'main' });
    await db.updateAgent({ id, endpoints: [other, kept] });
    expect((await db.getAgent(id))?.defaultEndpoint).toStrictEqual(kept);
  });
  test('updateAgent accepts one of the new endpoints as the default endpoint', async () => {
    const { db } = shared();
    const agent = await createWhole();
    await db.updateAgent({ id: agent.id, endpoints: [kept, other], defaultEndpoint: other });
    expect((await db.getAgent(agent.id))?.defaultEndpoint).toStrictEqual(other);
  });

  test.each([
    ['an unknown endpoint', { defaultEndpoint: 'no-such-endpoint' }],
    ['missing from the new endpoints', { endpoints: [kept], defaultEndpoint: 'spare' }],
    ['given together with an empty list of endpoints', { endpoints: [], defaultEndpoint: 'main' }],
    ['an endpoint of another agent', { name: 'half', metadata: { half: true }, defaultEndpoint: 'foreign' }],
  ])('updateAgent refuses a default endpoint that is %s', async (_, change) => {
    const agent = await createWhole();
    const foreign = { ...other, id: 'foreign' };
    await createAgent(shared().db, { endpoints: [foreign], defaultEndpoint: foreign });
    const update = () => shared().db.updateAgent({ id: agent.id, ...change });
    expect((await expectRefused(shared(), 'INVALID_INPUT', update)).field).toBe('defaultEndpoint');
  });
});

test('updateAgent fails with REFERENCE_NOT_FOUND and writes nothing when the certificate does not exist', async () => {
  const { id } = await createWhole();
  const fields = { name: 'half', endpoints: [], capabilities: ['half'], metadata: { half: true } };
  const update = () => shared().db.updateAgent({ id, ...fields, certificateId: 'unknown' });
  const error = await expectRefused(shared(), 'REFERENCE_NOT_FOUND', update);
  expect(error).toMatchObject({ field: 'certificateId', operation: 'agents.update' });
});

describe('updates of revoked agents', () => {
  test.each(statuses)('updateAgent refuses to change a REVOKED agent to %s', async (status) => {
    const { db } = shared();
    const { id } = await createWhole();
    await db.updateAgent({ id, status });
    expect(await db.updateAgent({ id, status: 'REVOKED' })).toBe(true);
    expect((await db.getAgent(id))?.status).toBe('REVOKED');
    const change = { id, status, name: 'half', capabilities: ['half'], metadata: { half: true } };
    const error = await expectRefused(shared(), 'INVALID_TRANSITION', () => db.updateAgent(change));
    expect(error).toMatchObject({ entity: 'agent', field: 'status', retryable: false });
  });
});
