import type { DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { tableNames } from '../support/tables';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { createRole } from '../support/postgresql-role';

/** Maximum number of statements that a call may send when a policy refuses it. */
const maxStatements = 60;

/** Opens a database as a role that has all privileges on the tables, and whose access to rows these policies limit. */
async function openAs(policies: readonly string[]): Promise<TestDatabase> {
  const { db: owner, options } = await openTestDatabase();
  spoilDatabase(options.url);
  const certificateId = await createCertificate(owner, { id: 'c' });
  await createCertificate(owner, { id: 'free' });
  const endpoints = [{ id: 'main', protocol: 'https', address: 'https://a.example', port: 443 }];
  await createAgent(owner, { id: 'a', certificateId, endpoints, capabilities: ['x'] });
  await owner.recordSecurityEvent(eventInput({ id: 'e', timestamp: new Date(0) }));
  const url = await createRole(options.url, (role) => `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
  const { username } = new URL(url);
  const grants = `GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${username}`;
  const protect = tableNames.map((table) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
  const allow = policies.map((policy, index) => `CREATE POLICY p${index} ON ${policy}`);
  await administer(options.url, [grants, ...protect, ...allow].join(';'));
  return openTestDatabase({ url });
}

function onAll(policy: string, except: readonly string[] = []): string[] {
  return tableNames.filter((table) => !except.includes(table)).map((table) => `${table} ${policy}`);
}

const calls: readonly (readonly [name: string, call: (db: DatabaseService) => Promise<unknown>])[] = [
  ['updateAgent', (db) => db.updateAgent({ id: 'a', name: 'x' })],
  ['deleteAgent', (db) => db.deleteAgent('a')],
  ['setStatus', (db) => db.agents.setStatus('a', 'SUSPENDED')],
  ['setCapabilities', (db) => db.agents.setCapabilities('a', [])],
  ['setMetadata of an agent', (db) => db.agents.setMetadata('a', {})],
  ['mergeMetadata', (db) => db.agents.mergeMetadata('a', { k: 1 })],
  ['setEndpointHealth', (db) => db.agents.setEndpointHealth('a', 'main', { status: 'HEALTHY' })],
  ['recordHealth', (db) => db.agents.recordHealth([{ agentId: 'a', endpointId: 'main', status: 'HEALTHY' }])],
  ['updateWhere', (db) => db.agents.updateWhere({ capabilities: ['x'] }, { version: '2' })],
  ['deleteWhere', (db) => db.agents.deleteWhere({ capabilities: ['x'] })],
  ['renew', (db) => db.agents.renew('a', new Date('2040-01-01'))],
  ['updateCertificateStatus', (db) => db.updateCertificateStatus('c', 'SUSPENDED')],
  ['setMetadata of a certificate', (db) => db.certificates.setMetadata('c', {})],
  ['delete of a certificate', (db) => db.certificates.delete('free')],
  ['revoke', (db) => db.certificates.revoke('c', { reason: 'keyCompromise', agents: 'keep' })],
  ['rotate', (db) => db.certificates.rotate('c', certificateInput())],
  ['prune of events', (db) => db.events.prune({ before: new Date(1) })],
  ['prune of changes', (db) => db.pruneChanges({ before: new Date('2040-01-01'), batchSize: 1 })],
  ['updateAgent in a transaction', (db) => db.transaction((tx) => tx.updateAgent({ id: 'a', name: 'x' }))],
  ['createCertificate', (db) => db.createCertificate(certificateInput())],
  ['recordSecurityEvent', (db) => db.recordSecurityEvent(eventInput())],
];

test('a change of a row fails with PERMISSION_DENIED after few statements when a row-security policy allows only reads', async () => {
  const { db, events } = await openAs(onAll('FOR SELECT USING (true)'));
  for (const [name, call] of calls) {
    events.length = 0;
    const error = await expectError('PERMISSION_DENIED', () => call(db));
    expect({ name, retryable: error.retryable }).toEqual({ name, retryable: false });
    expect(events.filter(({ type }) => type === 'query').length).toBeLessThan(maxStatements);
  }
  expect(await db.getAgent('a')).toMatchObject({ name: 'Test Agent', capabilities: ['x'] });
  expect(await db.getCertificate('c')).toMatchObject({ status: 'VALID' });
  expect(await db.events.get('e')).not.toBeNull();
});

test('a deletion fails with PERMISSION_DENIED when row-security policies allow only some of its changes', async () => {
  const { db } = await openAs([
    ...onAll('FOR SELECT USING (true)'),
    ...onAll('FOR UPDATE USING (true)'),
    ...onAll('FOR INSERT WITH CHECK (true)'),
    ...onAll('FOR DELETE USING (true)', ['agents', 'certificates', 'security_events', 'changes']),
  ]);
  await expectError('PERMISSION_DENIED', () => db.deleteAgent('a'));
  await expectError('PERMISSION_DENIED', () => db.agents.deleteWhere({ ids: ['a'] }));
  await expectError('PERMISSION_DENIED', () => db.certificates.delete('free'));
  await expectError('PERMISSION_DENIED', () => db.events.prune({ before: new Date(1) }));
  await expectError('PERMISSION_DENIED', () => db.pruneChanges({ before: new Date('2040-01-01'), batchSize: 1 }));
  expect(await db.updateAgent({ id: 'a', name: 'x' })).toBe(true);
  expect(await db.getAgent('a')).toMatchObject({ name: 'x', capabilities: ['x'] });
  expect(await db.certificates.get('free')).not.toBeNull();
});

test('recordHealth fails with PERMISSION_DENIED when a policy protects only the endpoints', async () => {
  const { db } = await openAs([
    ...onAll('FOR SELECT USING (true)'),
    ...onAll('FOR UPDATE USING (true)', ['endpoints']),
    ...onAll('FOR INSERT WITH CHECK (true)'),
  ]);
  const report = { agentId: 'a', endpointId: 'main', status: 'HEALTHY' } as const;
  await expectError('PERMISSION_DENIED', () => db.agents.recordHealth([report]));
});

test('a row that a row-security policy hides is treated as absent', async () => {
  const { db } = await openAs([]);
  expect(await db.getAgent('a')).toBeNull();
  expect(await db.updateAgent({ id: 'a', name: 'x' })).toBe(false);
  expect(await db.deleteAgent('a')).toBe(false);
  expect(await db.updateCertificateStatus('c', 'REVOKED')).toBe(false);
});
