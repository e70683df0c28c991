import { randomBytes } from 'node:crypto';
import type {
  AgentInput,
  AgentRecord,
  CertificateInput,
  DatabaseService,
  Endpoint,
  SecurityEventInput,
} from '../../src';

/** Pattern of the ids that the package generates. */
export const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Returns a certificate with all required fields; `fields` override them. */
export function certificateInput(fields: Partial<CertificateInput> = {}): CertificateInput {
  const notBefore = new Date('2026-01-01T00:00:00.000Z');
  const { notAfter } = fields;
  return {
    subject: 'CN=agent.example',
    issuer: 'CN=ANS Test CA',
    // A test may set only notAfter, to a time before the default notBefore.
    notBefore: notAfter instanceof Date && notAfter < notBefore ? notAfter : notBefore,
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

/** Returns an agent with all required fields; `fields` override them. */
export function agentInput(fields: Partial<AgentInput> & { certificateId: string }): AgentInput {
  return {
    name: 'Test Agent',
    publicKey: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
    version: '1.0.0',
    owner: 'test-owner',
    ...fields,
  };
}

/** Returns a security event with all required fields; `fields` override them. */
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

/** Registers an agent and returns its id. Creates a certificate unless `fields` names one, which may be REVOKED. */
export async function createAgent(db: DatabaseService, fields: Partial<AgentInput> = {}): Promise<string> {
  const certificateId = fields.certificateId ?? (await createCertificate(db));
  return db.createAgent(agentInput({ ...fields, certificateId }), { allowRevokedCertificate: true });
}

/** Registers an agent with each id, all with one new certificate, and returns the ids. `fields` override the defaults. */
export async function createAgents(
  db: DatabaseService,
  ids: readonly string[],
  fields: (id: string, index: number) => Partial<AgentInput> = () => ({}),
): Promise<readonly string[]> {
  const certificateId = await createCertificate(db);
  await db.agents.createMany(ids.map((id, index) => agentInput({ id, certificateId, ...fields(id, index) })));
  return ids;
}

/** Returns the texts `agent-0`, `agent-1` and so on. */
export function agentIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `agent-${index}`);
}

/** Returns an agent with every field, as it is read back. */
export function wholeAgent(fields: Partial<AgentRecord> & { certificateId: string }): AgentRecord {
  const main: Endpoint = {
    id: 'main',
    protocol: 'https',
    address: 'https://agent.example/a2a?x=1#y',
    port: 8443,
    health: { status: 'DEGRADED', lastChecked: new Date('2026-05-01T10:11:12.013Z'), message: 'slow' },
    metadata: { region: 'eu', weights: [1, 2.5, -1], nested: { deep: { deeper: null } } },
  };
  const spare: Endpoint = {
    id: 'spare',
    protocol: 'wss',
    address: '2001:db8::1',
    port: 1,
    health: { status: 'HEALTHY', lastChecked: new Date('2026-05-02T00:00:00.001Z') },
  };
  return {
    id: 'agent-1',
    name: 'Test Agent',
    publicKey: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
    endpoints: [main, spare],
    defaultEndpoint: spare,
    capabilities: ['search', 'translate'],
    version: '1.2.3-rc.1+build.5',
    description: 'Answers questions',
    metadata: { attempts: 3, trusted: true, nothing: null, tags: ['a', 'b'], limits: { cpu: 0.5 } },
    createdAt: new Date('2026-04-01T01:02:03.004Z'),
    updatedAt: new Date('2026-04-02T01:02:03.005Z'),
    expiresAt: new Date('2027-04-01T01:02:03.006Z'),
    status: 'SUSPENDED',
    owner: 'test-owner',
    ...fields,
  };
}
