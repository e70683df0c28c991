import type { AgentInput, CertificateInput, RegistrationInput } from '../../src';
import { certificateInput, eventInput } from './factories';

/** Changes each free text of the arguments, for example by adding a secret that no message may contain. */
export type Mark = (text: string) => string;

export const early = new Date('2001-01-01');
export const late = new Date('2099-01-01');
export const primary = { consistency: 'primary' } as const;
export const window = { limit: 10, offset: 0 };
export const page = { after: undefined, size: 10 };
export const change = { ifUpdatedAt: undefined };
export const unique = { unique: 'none' } as const;

export const metadata = (mark: Mark) => ({ [mark('key')]: [mark('value'), { nested: 1 }] });
export const health = (mark: Mark) => ({ status: 'HEALTHY', lastChecked: early, message: mark('fine') }) as const;

// The id is omitted, so that the same call can be made several times.
export const agent = (mark: Mark): AgentInput => ({
  name: mark('Test Agent'),
  publicKey: mark('PEM'),
  certificateId: mark('c'),
  endpoints: [
    {
      id: mark('main'),
      protocol: mark('https'),
      address: mark('https://agent.example'),
      port: 443,
      health: health(mark),
      metadata: metadata(mark),
    },
  ],
  defaultEndpoint: { id: mark('main') },
  capabilities: [mark('read'), mark('write')],
  version: mark('1.0.0'),
  description: mark('An agent'),
  metadata: metadata(mark),
  createdAt: early,
  updatedAt: early,
  expiresAt: late,
  status: 'ACTIVE',
  owner: mark('test-owner'),
});
export const certificate = (mark: Mark): CertificateInput => ({
  ...certificateInput({ createdAt: early, status: 'VALID' }),
  fingerprint: mark(certificateInput().fingerprint),
  subject: mark('CN=a'),
  issuer: mark('CN=b'),
  publicKey: mark('PEM'),
  certificate: mark('PEM'),
  metadata: metadata(mark),
});
export const event = (mark: Mark) => ({
  ...eventInput({ timestamp: early, source: mark('s'), target: mark('t'), description: mark('d') }),
  eventType: mark('CUSTOM'),
  metadata: metadata(mark),
  mitigationApplied: true,
  mitigationDetails: mark('x'),
});
export const registration = (mark: Mark): RegistrationInput => ({
  certificate: certificate(mark),
  agent: { ...agent(mark), certificateId: undefined },
  event: event(mark),
});
export const resolution = (mark: Mark) =>
  ({
    ids: [mark('a')],
    name: mark('Agent'),
    exactName: mark('Test Agent'),
    names: [mark('Test Agent')],
    owner: mark('test-owner'),
    owners: [mark('test-owner')],
    status: ['ACTIVE'],
    fingerprint: mark('AA'),
    certificateStatus: ['VALID'],
    capabilities: [mark('read')],
    allCapabilities: true,
    hasEndpoint: true,
    protocol: mark('https'),
    address: mark('a.example'),
    health: ['HEALTHY'],
    metadata: metadata(mark),
    version: mark('^1.0.0'),
    createdAfter: early,
    createdBefore: late,
    updatedAfter: early,
    updatedBefore: late,
    expiresBefore: late,
    expiresAfter: early,
    includeExpired: true,
    latest: true,
    not: { owners: [mark('other')], address: mark('b.example') },
    orderBy: 'name',
    orderDirection: 'asc',
  }) as const;
export const facetQuery = (mark: Mark) => ({ ...resolution(mark), orderBy: undefined, orderDirection: undefined });
export const resolveRequest = (mark: Mark) => ({
  name: mark('Test Agent'),
  owner: mark('test-owner'),
  version: mark('1.0.0'),
  protocol: mark('https'),
  capabilities: [mark('read')],
  allowDeprecated: true,
  allowUnhealthy: true,
});
export const certificateQuery = (mark: Mark) =>
  ({
    ids: [mark('c')],
    subject: mark('CN'),
    issuer: mark('CN'),
    status: ['VALID'],
    fingerprint: mark('AA'),
    expiresBefore: late,
    expiresAfter: early,
    metadata: metadata(mark),
    orderBy: 'subject',
    orderDirection: 'desc',
    ...window,
  }) as const;
export const eventQuery = (mark: Mark) =>
  ({
    ids: [mark('e')],
    from: early,
    to: late,
    eventTypes: [mark('CUSTOM')],
    severities: ['LOW'],
    minSeverity: 'LOW',
    source: mark('s'),
    target: mark('t'),
    mitigationApplied: false,
    metadata: metadata(mark),
  }) as const;
