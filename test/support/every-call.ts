import type { DatabaseService } from '../../src';
import { agentInput, certificateInput, eventInput } from './factories';

/** Every call that needs an open database, with arguments that are right, by its name. */
export const everyCall: readonly (readonly [name: string, call: (db: DatabaseService) => Promise<unknown>])[] = [
  ['createAgent', (db) => db.createAgent(agentInput({ certificateId: 'c' }))],
  ['getAgent', (db) => db.getAgent('a')],
  ['updateAgent', (db) => db.updateAgent({ id: 'a' })],
  ['deleteAgent', (db) => db.deleteAgent('a')],
  ['queryAgents', (db) => db.queryAgents({})],
  ['createCertificate', (db) => db.createCertificate(certificateInput())],
  ['getCertificate', (db) => db.getCertificate('c')],
  ['getCertificateByFingerprint', (db) => db.getCertificateByFingerprint('AA')],
  ['updateCertificateStatus', (db) => db.updateCertificateStatus('c', 'EXPIRED')],
  ['recordSecurityEvent', (db) => db.recordSecurityEvent(eventInput())],
  ['querySecurityEvents', (db) => db.querySecurityEvents({})],
  ['agents.create', (db) => db.agents.create(agentInput({ certificateId: 'c' }))],
  ['agents.get', (db) => db.agents.get('a')],
  ['agents.update', (db) => db.agents.update({ id: 'a' })],
  ['agents.delete', (db) => db.agents.delete('a')],
  ['agents.query', (db) => db.agents.query({})],
  ['certificates.create', (db) => db.certificates.create(certificateInput())],
  ['certificates.get', (db) => db.certificates.get('c')],
  ['certificates.getByFingerprint', (db) => db.certificates.getByFingerprint('AA')],
  ['certificates.updateStatus', (db) => db.certificates.updateStatus('c', 'EXPIRED')],
  ['events.record', (db) => db.events.record(eventInput())],
  ['events.query', (db) => db.events.query({})],
  ['transaction', (db) => db.transaction(() => 1)],
  ['migrateDatabase', (db) => db.migrateDatabase()],
];
