import { randomBytes } from 'node:crypto';
import type { AgentInput } from '../agents/types';
import type { CertificateInput } from '../certificates/types';
import type { SecurityEventInput } from '../events/types';
import type { Registration, RegistrationInput } from '../registration/types';

const publicKey = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEATEST\n-----END PUBLIC KEY-----\n';

/** Method that {@link registerTestAgent} calls. A database and a transaction have it. */
interface Registry {
  register(input: RegistrationInput): Promise<Registration>;
}

/**
 * Returns a certificate with all required fields, for `createCertificate`. Its fingerprint is random, so that you can
 * store several such certificates. Its PEM texts are placeholders. To read a real certificate, use
 * `certificateFromPem`.
 *
 * @param fields - fields to replace or to add.
 * @example
 * ```ts
 * const certificate = testCertificate({ subject: 'CN=planner.example' });
 * const certificateId = await db.createCertificate(certificate);
 * ```
 */
export function testCertificate(fields: Partial<CertificateInput> = {}): CertificateInput {
  return {
    subject: 'CN=agent.example',
    issuer: 'CN=Test CA',
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2046-01-01T00:00:00Z'),
    publicKey,
    certificate: '-----BEGIN CERTIFICATE-----\nMIIBTEST\n-----END CERTIFICATE-----\n',
    fingerprint: randomBytes(32).toString('hex'),
    ...fields,
  };
}

/**
 * Returns an agent with all required fields and one endpoint, for `createAgent`.
 *
 * @param fields - fields to replace or to add; `certificateId` is required.
 * @example
 * ```ts
 * const certificateId = await db.createCertificate(testCertificate());
 * await db.createAgent(testAgent({ certificateId, capabilities: ['plan'] }));
 * ```
 */
export function testAgent(fields: Partial<AgentInput> & Pick<AgentInput, 'certificateId'>): AgentInput {
  return { ...agentWithoutCertificate, ...fields };
}

/**
 * Returns a security event with all required fields, for `recordSecurityEvent`.
 *
 * @param fields - fields to replace or to add.
 * @example
 * ```ts
 * await db.recordSecurityEvent(testEvent({ severity: 'HIGH' }));
 * console.assert((await db.events.count({ minSeverity: 'HIGH' })) === 1);
 * ```
 */
export function testEvent(fields: Partial<SecurityEventInput> = {}): SecurityEventInput {
  return {
    eventType: 'AUTHENTICATION_FAILURE',
    severity: 'MEDIUM',
    source: '192.0.2.1',
    target: 'planner',
    description: 'Failed to authenticate',
    ...fields,
  };
}

/**
 * Stores a certificate and an agent that holds it, in a database or in a transaction.
 *
 * @param agent - fields to replace in {@link testAgent}, or to add.
 * @param certificate - fields to replace in {@link testCertificate}, or to add.
 * @returns the ids of the agent and the certificate.
 * @throws the errors of `register`, such as ALREADY_EXISTS.
 * @example
 * ```ts
 * const { agentId } = await registerTestAgent(db, { capabilities: ['plan'] }, { subject: 'CN=planner.example' });
 * await db.agents.setStatus(agentId, 'SUSPENDED');
 * ```
 */
export function registerTestAgent(
  db: Registry,
  agent: Partial<Omit<AgentInput, 'certificateId'>> = {},
  certificate: Partial<CertificateInput> = {},
): Promise<Registration> {
  return db.register({ certificate: testCertificate(certificate), agent: { ...agentWithoutCertificate, ...agent } });
}

const agentWithoutCertificate = {
  name: 'planner',
  publicKey,
  version: '1.0.0',
  owner: 'example.org',
  endpoints: [{ id: 'main', protocol: 'https', address: 'https://planner.example', port: 443 }],
};
