import type { DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';
import { createRole } from '../support/postgresql-role';

/* The privileges of each group of operations, as the table in docs/postgresql.md lists them. */

const read = ['SELECT ON ALL TABLES IN SCHEMA public'];

const agentTables =
  'agents, endpoints, capabilities, agent_capabilities, agent_metadata, certificates, certificate_metadata';
const change = [
  ...read,
  `INSERT, UPDATE, DELETE ON ${agentTables}`,
  'INSERT, UPDATE ON name_locks',
  'INSERT ON changes',
  'USAGE ON SEQUENCE changes_sequence_seq',
];

const record = [
  ...read,
  'INSERT ON security_events, security_event_metadata, security_event_pending_entries',
  'USAGE ON SEQUENCE security_event_pending_entries_id_seq',
];

const sequence = [
  ...read,
  'INSERT ON security_event_entries, security_event_checkpoints',
  'DELETE ON security_event_pending_entries',
];

const pruneEvents = [
  ...sequence,
  'INSERT, UPDATE, DELETE ON security_event_entries',
  'DELETE ON security_events, security_event_checkpoints',
];

const pruneChanges = [...read, 'DELETE ON changes', 'INSERT, UPDATE, DELETE ON change_prunings'];

async function openAs(...roles: readonly (readonly string[])[]): Promise<[DatabaseService, ...DatabaseService[]]> {
  const { db: owner, options } = await openTestDatabase();
  await createCertificate(owner, { id: 'c' });
  await createCertificate(owner, { id: 'free' });
  const endpoints = [{ id: 'main', protocol: 'https', address: 'https://a.example', port: 443 }];
  await createAgent(owner, { id: 'a', certificateId: 'c', endpoints, capabilities: ['x'], metadata: { k: 1 } });
  await owner.recordSecurityEvent(eventInput({ id: 'e', timestamp: new Date(0) }));
  await owner.close();
  await administer(options.url, 'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC');
  // One after the other: the server refuses concurrent GRANT statements on the same table.
  const services: DatabaseService[] = [];
  for (const grants of roles) {
    const grantTo = (role: string): string => grants.map((grant) => `GRANT ${grant} TO ${role}`).join(';');
    services.push((await openTestDatabase({ url: await createRole(options.url, grantTo) })).db);
  }
  const [first, ...others] = services;
  if (first === undefined) throw new Error('no role');
  return [first, ...others];
}

async function expectRefused(calls: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const call of calls) {
    const error = await expectError('PERMISSION_DENIED', call);
    expect(error.retryable).toBe(false);
    expect(error.message).toContain('privilege');
  }
}

test('a role that may only SELECT can call all methods that read, but cannot write', async () => {
  const [db] = await openAs(read);
  expect(await db.getAgent('a')).toMatchObject({ capabilities: ['x'] });
  expect(await db.agents.query({ name: 'test', capabilities: ['x'], metadata: { k: 1 } })).toHaveLength(1);
  expect(await db.certificates.query({ ids: ['c'] })).toHaveLength(1);
  expect(await db.querySecurityEvents()).toHaveLength(1);
  expect(await db.events.verify()).toMatchObject({ valid: true });
  expect(await db.changes()).not.toHaveLength(0);
  expect((await db.check()).findings).toEqual([]);
  expect(await db.health()).toMatchObject({ status: 'up' });
  expect(await db.transaction((tx) => tx.getAgent('a'))).not.toBeNull();
  await expectRefused([
    () => db.createCertificate(certificateInput()),
    () => db.updateCertificateStatus('c', 'SUSPENDED'),
    () => db.createAgent(agentInput({ certificateId: 'c' })),
    () => db.updateAgent({ id: 'a', name: 'x' }),
    () => db.deleteAgent('a'),
    () => db.agents.updateWhere({ ids: ['a'] }, { name: 'x' }),
    () => db.agents.deleteWhere({ ids: ['a'] }),
    () => db.recordSecurityEvent(eventInput()),
    () => db.transaction((tx) => tx.recordSecurityEvent(eventInput())),
    () => db.events.prune({ before: new Date(1) }),
    () => db.pruneChanges({ before: new Date() }),
  ]);
});

test('a role that may write agents and certificates can call all methods that change them, but cannot record events', async () => {
  const [db] = await openAs(change);
  const certificateId = await createCertificate(db, { metadata: { k: 1 } });
  const id = await createAgent(db, { certificateId, capabilities: ['y'], metadata: { k: 1 } });
  const many = await db.agents.createMany([agentInput({ certificateId, name: 'b', capabilities: ['z'] })]);
  expect(many).toMatchObject([{ ok: true }]);
  expect(await db.agents.create(agentInput({ certificateId, name: 'u' }), { unique: 'name-version' })).toBeTruthy();
  expect(await db.updateAgent({ id, name: 'x', capabilities: ['w'], metadata: {}, endpoints: [] })).toBe(true);
  expect(await db.agents.setEndpointHealth('a', 'main', { status: 'HEALTHY' })).toBe(true);
  expect(await db.agents.recordHealth([{ agentId: 'a', endpointId: 'main', status: 'DEGRADED' }])).toEqual([true]);
  expect(await db.agents.updateWhere({ exactName: 'u' }, { name: 'v', capabilities: [] })).toBe(1);
  expect(await db.agents.deleteWhere({ exactName: 'v' })).toBe(1);
  expect(await db.agents.renew(id, new Date('2040-01-01'))).toBe(true);
  expect(await db.agents.expireDue()).toBe(0);
  expect(await db.updateCertificateStatus(certificateId, 'SUSPENDED')).toBe(true);
  expect(await db.certificates.setMetadata(certificateId, { k: 2 })).toBe(true);
  expect(await db.certificates.rotate('c', certificateInput())).toBeTruthy();
  expect(await db.certificates.expireDue()).toBe(0);
  const revoked = await db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'revoke' });
  expect(revoked).toMatchObject({ revoked: true });
  expect(await db.transaction((tx) => tx.deleteAgent(id))).toBe(true);
  expect(await db.certificates.delete('free')).toBe(true);
  const agent = { ...agentInput({ certificateId }), certificateId: undefined };
  const registered = await db.register({ certificate: certificateInput(), agent });
  expect(registered.agentId).toBeTruthy();
  await expectRefused([() => db.recordSecurityEvent(eventInput())]);
});

test('a role that may insert events can record and mitigate them, and a role for sequencing appends them to the chain', async () => {
  const [db, sequencing] = await openAs(record, sequence);
  const id = await db.recordSecurityEvent(eventInput({ metadata: { k: 1 } }));
  expect(await db.events.recordMany([eventInput(), eventInput()])).toHaveLength(2);
  expect(await db.events.markMitigated(id, { applied: true })).toBe(true);
  expect(await db.transaction((tx) => tx.recordSecurityEvent(eventInput()))).toBeTruthy();
  expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1, pending: 5 });
  await expectRefused([() => db.events.prune({ before: new Date(1) }), () => db.deleteAgent('a')]);
  expect(await sequencing?.events.verify()).toMatchObject({ valid: true, entries: 6, pending: 0 });
  await expectRefused([() => sequencing?.recordSecurityEvent(eventInput()) ?? Promise.resolve()]);
});

test('a role that may delete events or changes can prune them', async () => {
  const [db] = await openAs(pruneEvents);
  expect(await db.events.prune({ before: new Date(1) })).toBe(1);
  expect(await db.events.verify()).toMatchObject({ valid: true });
  const [other] = await openAs(pruneChanges);
  expect(await other.pruneChanges({ before: new Date('2040-01-01') })).toBeGreaterThan(0);
});
