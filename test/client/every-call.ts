import type { AgentInput, DatabaseService, TransactionScope } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';

/** A database, or one transaction of it: both have the same methods. */
export type Target = DatabaseService | TransactionScope;

/** A method of both by its name, and a call of it. */
export type Call = readonly [name: string, call: (target: Target) => Promise<unknown>];

const expiresAt = new Date('2099-01-01T00:00:00.000Z');
const health = { status: 'HEALTHY', lastChecked: new Date(0) } as const;
const revocation = { reason: 'unspecified', agents: 'keep' } as const;

/** Fills a database with what the calls below find. */
export async function fillForCalls(db: DatabaseService): Promise<void> {
  await createCertificate(db, { id: 'c', fingerprint: 'AA:BB' });
  await createCertificate(db, { id: 'free', fingerprint: 'CC:DD' });
  const endpoints = [{ id: 'e', protocol: 'p', address: 'a', port: 1 }];
  await createAgent(db, { id: 'a', certificateId: 'c', endpoints, metadata: { key: 1 } });
  await db.recordSecurityEvent(eventInput({ id: 'v' }));
}

/** Every method that reads, but for those of the change feed. */
export const reads: readonly Call[] = [
  ['getAgent', (target) => target.getAgent('a')],
  ['queryAgents', (target) => target.queryAgents({})],
  ['getCertificate', (target) => target.getCertificate('c')],
  ['getCertificateByFingerprint', (target) => target.getCertificateByFingerprint('AA:BB')],
  ['querySecurityEvents', (target) => target.querySecurityEvents({})],
  ['agents.get', (target) => target.agents.get('a')],
  ['agents.getMany', (target) => target.agents.getMany(['a', 'none'])],
  ['agents.query', (target) => target.agents.query({})],
  ['agents.page', (target) => target.agents.page({})],
  ['agents.iterate', (target) => target.agents.iterate({}).next()],
  ['agents.count', (target) => target.agents.count({})],
  ['certificates.get', (target) => target.certificates.get('c')],
  ['certificates.getByFingerprint', (target) => target.certificates.getByFingerprint('AA:BB')],
  ['certificates.query', (target) => target.certificates.query({})],
  ['certificates.expiring', (target) => target.certificates.expiring(1)],
  ['events.get', (target) => target.events.get('v')],
  ['events.query', (target) => target.events.query({})],
  ['events.page', (target) => target.events.page({})],
  ['events.iterate', (target) => target.events.iterate({}).next()],
  ['events.count', (target) => target.events.count({})],
  ['events.aggregate', (target) => target.events.aggregate({}, { by: 'source' })],
  ['events.verify', (target) => target.events.verify()],
];

/** Every method that writes, but for those of the change feed. */
export const writes: readonly Call[] = [
  ['createAgent', (target) => target.createAgent(agentInput({ id: 'new1', certificateId: 'c' }))],
  ['updateAgent', (target) => target.updateAgent({ id: 'a', name: 'New' })],
  ['createCertificate', (target) => target.createCertificate(certificateInput({ id: 'new1' }))],
  ['updateCertificateStatus', (target) => target.updateCertificateStatus('c', 'SUSPENDED')],
  ['recordSecurityEvent', (target) => target.recordSecurityEvent(eventInput({ id: 'new1' }))],
  ['register', (target) => target.register({ certificate: certificateInput(), agent: agentWithoutCertificate() })],
  ['agents.create', (target) => target.agents.create(agentInput({ id: 'new2', certificateId: 'c' }))],
  ['agents.createMany', (target) => target.agents.createMany([agentInput({ id: 'new3', certificateId: 'c' })])],
  ['agents.update', (target) => target.agents.update({ id: 'a', description: 'New' })],
  ['agents.setStatus', (target) => target.agents.setStatus('a', 'SUSPENDED')],
  ['agents.setCapabilities', (target) => target.agents.setCapabilities('a', ['x'])],
  ['agents.setMetadata', (target) => target.agents.setMetadata('a', { new: 1 })],
  ['agents.mergeMetadata', (target) => target.agents.mergeMetadata('a', { merged: null })],
  ['agents.setEndpointHealth', (target) => target.agents.setEndpointHealth('a', 'e', health)],
  ['agents.renew', (target) => target.agents.renew('a', expiresAt)],
  ['agents.expireDue', (target) => target.agents.expireDue()],
  ['certificates.create', (target) => target.certificates.create(certificateInput({ id: 'new2' }))],
  ['certificates.updateStatus', (target) => target.certificates.updateStatus('c', 'VALID')],
  ['certificates.setMetadata', (target) => target.certificates.setMetadata('c', { new: 1 })],
  ['certificates.expireDue', (target) => target.certificates.expireDue()],
  ['certificates.rotate', (target) => target.certificates.rotate('c', certificateInput({ id: 'next' }))],
  ['certificates.revoke', (target) => target.certificates.revoke('free', revocation)],
  ['certificates.delete', (target) => target.certificates.delete('free')],
  ['events.record', (target) => target.events.record(eventInput({ id: 'new2' }))],
  ['events.recordMany', (target) => target.events.recordMany([eventInput({ id: 'new3' })])],
  ['events.markMitigated', (target) => target.events.markMitigated('v', { applied: true })],
  ['events.prune', (target) => target.events.prune({ before: new Date(0) })],
  ['agents.delete', (target) => target.agents.delete('new1')],
  ['deleteAgent', (target) => target.deleteAgent('a')],
];

/** The methods of the change feed. */
export const feedCalls: readonly Call[] = [
  ['changes', (target) => target.changes()],
  ['followChanges', (target) => target.followChanges({ pollMs: 0 }).next()],
  ['pruneChanges', (target) => target.pruneChanges({ before: new Date(0) })],
];

/** An agent as `register` takes it, whose certificate is registered with it. */
function agentWithoutCertificate(): Omit<AgentInput, 'certificateId'> {
  return { id: 'registered', name: 'Registered', publicKey: 'key', version: '1.0.0', owner: 'owner' };
}
