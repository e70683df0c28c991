import { randomBytes } from 'node:crypto';
import type { AgentInput, CertificateInput, DatabaseService, SecurityEventInput } from '../../src';

/** A certificate with all that is required, and what a test says about it. */
export function certificateInput(fields: Partial<CertificateInput> = {}): CertificateInput {
  return {
    subject: 'CN=agent.example',
    issuer: 'CN=ANS Test CA',
    notBefore: new Date('2026-01-01T00:00:00.000Z'),
    notAfter: new Date('2036-01-01T00:00:00.000Z'),
    publicKey: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
    certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    fingerprint: randomBytes(32)
      .toString('hex')
      .toUpperCase()
      .replace(/..(?!$)/g, '$&:'),
    ...fields,
  };
}

/** An agent with all that is required, and what a test says about it. */
export function agentInput(fields: Partial<AgentInput> & { certificateId: string }): AgentInput {
  return {
    name: 'Test Agent',
    publicKey: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
    version: '1.0.0',
    owner: 'test-owner',
    ...fields,
  };
}

/** A security event with all that is required, and what a test says about it. */
export function eventInput(fields: Partial<SecurityEventInput> = {}): SecurityEventInput {
  return {
    eventType: 'AUTHENTICATION_FAILURE',
    severity: 'MEDIUM',
    source: '192.0.2.1',
    target: 'agent-1',
    description: 'Failed to authenticate',
    ...fields,
  };
}

/** Stores a certificate and returns its id. */
export function createCertificate(db: DatabaseService, fields: Partial<CertificateInput> = {}): Promise<string> {
  return db.createCertificate(certificateInput(fields));
}

/** Registers an agent, with a certificate of its own unless it is given one, and returns its id. */
export async function createAgent(db: DatabaseService, fields: Partial<AgentInput> = {}): Promise<string> {
  const certificateId = fields.certificateId ?? (await createCertificate(db));
  return db.createAgent(agentInput({ ...fields, certificateId }));
}
