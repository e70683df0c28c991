import type { DatabaseService, TransactionScope } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';

const start = 1_800_000_000_000;
const certificateId = 'held';

type Change = (db: DatabaseService | TransactionScope) => Promise<unknown>;

/** Every call that changes the agent `a`, which holds the certificate `held` and is due to expire. */
const changes: readonly (readonly [name: string, change: Change])[] = [
  ['update', (db) => db.agents.update({ id: 'a', name: 'renamed' })],
  ['update of nothing but the id', (db) => db.agents.update({ id: 'a' })],
  ['update with an earlier updatedAt', (db) => db.agents.update({ id: 'a', updatedAt: new Date(0) })],
  ['updateAgent', (db) => db.updateAgent({ id: 'a', description: 'changed' })],
  ['setStatus', (db) => db.agents.setStatus('a', 'SUSPENDED')],
  ['setStatus to the status it has', (db) => db.agents.setStatus('a', 'ACTIVE')],
  ['setStatus to REVOKED', (db) => db.agents.setStatus('a', 'REVOKED')],
  ['setCapabilities', (db) => db.agents.setCapabilities('a', ['read'])],
  ['setMetadata', (db) => db.agents.setMetadata('a', { k: 1 })],
  ['mergeMetadata', (db) => db.agents.mergeMetadata('a', {})],
  ['renew', (db) => db.agents.renew('a', new Date(start + 1000))],
  ['expireDue', (db) => db.agents.expireDue()],
  ['revoke with agents: suspend', (db) => revoke(db, 'suspend')],
  ['revoke with agents: revoke', (db) => revoke(db, 'revoke')],
  ['rotate', (db) => db.certificates.rotate(certificateId, certificateInput())],
];

function revoke(db: DatabaseService | TransactionScope, agents: 'suspend' | 'revoke'): Promise<unknown> {
  return db.certificates.revoke(certificateId, { reason: 'superseded', agents });
}

/** A database with the agent `a`, whose `updatedAt` is `start`, and a clock. */
async function openWithAgent(clockMs: number): Promise<DatabaseService> {
  const { db } = await openTestDatabase({ now: () => clockMs });
  await createCertificate(db, { id: certificateId });
  const endpoints = [{ id: 'main', protocol: 'https', address: 'host', port: 443 }];
  const times = { updatedAt: new Date(start), expiresAt: new Date(0) };
  await db.createAgent(agentInput({ id: 'a', certificateId, endpoints, ...times }));
  return db;
}

async function updatedAtOf(db: DatabaseService): Promise<number | undefined> {
  return (await db.getAgent('a'))?.updatedAt.getTime();
}

describe.each(changes)('%s', (_, change) => {
  test('sets updatedAt to now when the clock has advanced', async () => {
    const db = await openWithAgent(start + 5000);
    await change(db);
    expect(await updatedAtOf(db)).toBe(start + 5000);
  });

  test.each([
    ['stands still', start],
    ['was set back', start - 60_000],
  ])('moves updatedAt forward by one millisecond when the clock %s', async (_name, clockMs) => {
    const db = await openWithAgent(clockMs);
    await change(db);
    expect(await updatedAtOf(db)).toBe(start + 1);
  });

  test('makes a conditional write of an earlier reader fail with CONFLICT', async () => {
    const db = await openWithAgent(start);
    const read = await db.getAgent('a');
    await change(db);
    await expectError('CONFLICT', () =>
      db.agents.update({ id: 'a', status: 'ACTIVE' }, { ifUpdatedAt: read?.updatedAt }),
    );
  });

  test('moves updatedAt forward inside a transaction', async () => {
    const db = await openWithAgent(start);
    await db.transaction((tx) => change(tx));
    expect(await updatedAtOf(db)).toBe(start + 1);
  });
});

describe('updatedAt', () => {
  test('moves forward at each change within one transaction', async () => {
    const db = await openWithAgent(start);
    await db.transaction(async (tx) => {
      await tx.agents.setStatus('a', 'SUSPENDED');
      await tx.agents.setMetadata('a', {});
      await tx.certificates.rotate(certificateId, certificateInput());
    });
    expect(await updatedAtOf(db)).toBe(start + 3);
  });

  test('does not change when setEndpointHealth is called', async () => {
    const db = await openWithAgent(start + 5000);
    expect(await db.agents.setEndpointHealth('a', 'main', { status: 'HEALTHY' })).toBe(true);
    expect(await updatedAtOf(db)).toBe(start);
  });

  test('does not change when setStatus(REVOKED) is called on a revoked agent', async () => {
    const db = await openWithAgent(start + 5000);
    await db.agents.setStatus('a', 'REVOKED');
    const [before, feed] = [await updatedAtOf(db), await db.changes()];
    expect(await db.agents.setStatus('a', 'REVOKED')).toBe(true);
    expect(await updatedAtOf(db)).toBe(before);
    expect(await db.changes()).toEqual(feed);
  });

  test('is compared with ifUpdatedAt when setStatus(REVOKED) is called on a revoked agent', async () => {
    const db = await openWithAgent(start);
    await db.agents.setStatus('a', 'REVOKED');
    const stale = { ifUpdatedAt: new Date(start) };
    await expectError('CONFLICT', () => db.agents.setStatus('a', 'REVOKED', stale));
  });

  test('moves forward when update sets REVOKED again on a revoked agent', async () => {
    const db = await openWithAgent(start);
    await db.agents.setStatus('a', 'REVOKED');
    expect(await db.agents.update({ id: 'a', status: 'REVOKED' })).toBe(true);
    expect(await updatedAtOf(db)).toBe(start + 2);
  });

  test('has the same value in the cache and in the database', async () => {
    const { db } = await openTestDatabase({ now: () => start, cache: { maxEntries: 10, ttlMs: 60_000 } });
    await createAgent(db, { id: 'a' });
    for (let count = 1; count <= 3; count += 1) {
      await db.getAgent('a');
      await db.agents.setMetadata('a', { count });
      expect(await updatedAtOf(db)).toBe(start + count);
      expect((await db.queryAgents({ id: 'a' }))[0]?.updatedAt.getTime()).toBe(start + count);
    }
  });

  test.each(['9999-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'])(
    'is INVALID_INPUT with the value %s on create, createMany and register',
    async (iso) => {
      const { db } = await openTestDatabase();
      const agent = agentInput({ certificateId: await createCertificate(db), updatedAt: new Date(iso) });
      const errors = [
        await expectError('INVALID_INPUT', () => db.createAgent(agent)),
        await expectError('INVALID_INPUT', () => db.agents.createMany([agent])),
        await expectError('INVALID_INPUT', () =>
          db.register({ certificate: certificateInput(), agent: { ...agent, certificateId: undefined } }),
        ),
      ];
      expect(errors.map(({ field }) => field)).toEqual(['updatedAt', 'agents[0].updatedAt', 'agent.updatedAt']);
    },
  );

  test('is stored when it is the last millisecond before year 9999, and a change moves it into that year', async () => {
    const { db } = await openTestDatabase();
    const last = Date.UTC(9999, 0, 1) - 1;
    await createAgent(db, { id: 'a', updatedAt: new Date(last) });
    expect(await updatedAtOf(db)).toBe(last);
    await db.agents.setStatus('a', 'SUSPENDED');
    expect(await updatedAtOf(db)).toBe(last + 1);
  });
});
