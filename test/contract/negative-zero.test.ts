import type { JsonValue, Metadata } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const withNegativeZero: Metadata = { zero: -0, list: [-0, { deep: -0 }], under: { zero: -0 } };
const withZero: Metadata = { zero: 0, list: [0, { deep: 0 }], under: { zero: 0 } };

describe('-0 in metadata', () => {
  const shared = shareTestDatabase();

  test('is stored as 0 in an agent and its endpoints', async () => {
    const { db } = shared();
    const endpoints = [{ id: 'e', protocol: 'https', address: 'a', port: 1, metadata: withNegativeZero }];
    const id = await createAgent(db, { metadata: withNegativeZero, endpoints });
    const agent = await db.getAgent(id);
    expect(agent?.metadata).toStrictEqual(withZero);
    expect(agent?.endpoints[0]?.metadata).toStrictEqual(withZero);
  });

  test('is stored as 0 in the agents of a batch', async () => {
    const { db } = shared();
    const certificateId = await createCertificate(db);
    const agents = [agentInput({ id: 'batch', certificateId, metadata: withNegativeZero })];
    await db.agents.createMany(agents, { onError: 'abort' });
    expect((await db.getAgent('batch'))?.metadata).toStrictEqual(withZero);
  });

  const changes: readonly (readonly [string, (id: string) => Promise<boolean>])[] = [
    ['updateAgent', (id) => shared().db.updateAgent({ id, metadata: withNegativeZero })],
    ['setMetadata', (id) => shared().db.agents.setMetadata(id, withNegativeZero)],
    ['mergeMetadata', (id) => shared().db.agents.mergeMetadata(id, withNegativeZero)],
  ];

  test.each(changes)('is stored as 0 when %s changes an agent', async (_, change) => {
    const { db } = shared();
    const id = await createAgent(db);
    expect(await change(id)).toBe(true);
    expect((await db.getAgent(id))?.metadata).toStrictEqual(withZero);
  });

  test('is stored as 0 in a certificate and by setMetadata of a certificate', async () => {
    const { db } = shared();
    const id = await createCertificate(db, { metadata: withNegativeZero });
    expect((await db.getCertificate(id))?.metadata).toStrictEqual(withZero);
    expect(await db.certificates.setMetadata(id, { only: -0 })).toBe(true);
    expect((await db.getCertificate(id))?.metadata).toStrictEqual({ only: 0 });
  });

  test('is stored as 0 in a security event, and the hash of its chain is the same as with 0', async () => {
    const options = { now: () => Date.UTC(2026, 0, 1) };
    const [one, other] = [await openTestDatabase(options), await openTestDatabase(options)];
    const event = eventInput({ id: 'event', timestamp: new Date(0) });
    await one.db.recordSecurityEvent({ ...event, metadata: withNegativeZero });
    await other.db.recordSecurityEvent({ ...event, metadata: withZero });
    expect((await one.db.events.get('event'))?.metadata).toStrictEqual(withZero);
    const verification = await one.db.events.verify();
    expect(verification.valid).toBe(true);
    expect(verification).toEqual(await other.db.events.verify());
  });

  test('is stored in the database as the JSON text 0', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { metadata: { zero: -0 } });
    expect(await rawRows(database, 'agent_metadata')).toMatchObject([{ key: 'zero', value: '0' }]);
    expect(await database.db.check()).toMatchObject({ ok: true });
  });
});

describe('-0 and 0 in a metadata query', () => {
  const shared = shareTestDatabase();

  beforeAll(async () => {
    const { db } = shared();
    for (const [id, metadata] of Object.entries({ zero: withZero, negative: withNegativeZero })) {
      const certificateId = await db.createCertificate(certificateInput({ id, metadata }));
      await db.createAgent(agentInput({ id, certificateId, metadata }));
      await db.recordSecurityEvent(eventInput({ id, timestamp: new Date(0), metadata }));
    }
  });

  const values: readonly (readonly [string, Record<string, JsonValue>])[] = [
    ['-0', { zero: -0 }],
    ['0', { zero: 0 }],
    ['a list of -0', { list: [-0, { deep: -0 }] }],
    ['an object of -0', { under: { zero: -0 } }],
  ];

  test.each(values)('match the same records: %s', async (_, metadata) => {
    const { db } = shared();
    const ids = ['negative', 'zero'];
    expect((await db.queryAgents({ metadata, orderBy: 'id' })).map(({ id }) => id)).toEqual(ids);
    expect((await db.certificates.query({ metadata, orderBy: 'id' })).map(({ id }) => id)).toEqual(ids);
    expect((await db.querySecurityEvents({ metadata })).map(({ id }) => id)).toEqual(ids);
  });
});
