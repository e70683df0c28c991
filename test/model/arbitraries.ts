import fc, { type Arbitrary } from 'fast-check';
import {
  AgentStatus,
  CertificateStatus,
  HealthStatus,
  SecuritySeverity,
  type AgentInput,
  type AgentUpdate,
  type CertificateInput,
  type EndpointInput,
  type ResolutionQuery,
  type SecurityEventInput,
  type SecurityEventQuery,
} from '../../src';
import type { Operation } from './model';
import {
  agentId,
  capability,
  certificateId,
  endpointId,
  eventId,
  fingerprint,
  heldCertificate,
  metadata,
  name,
  namePart,
  owner,
  pool,
  range,
  seldom,
  someOf,
  text,
  time,
  version,
} from './pools';

/*
 * Calls at random, made of the values of the pools.
 */

/** Fields of which each may be left out. */
const partly = <T extends object>(fields: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<Partial<T>> =>
  fc.record(fields, { requiredKeys: [] }) as Arbitrary<Partial<T>>;

const endpoint: Arbitrary<EndpointInput> = fc.record(
  {
    id: endpointId,
    protocol: text('https', 'wss'),
    address: text('host', 'HOST'),
    port: fc.oneof({ weight: 100, arbitrary: pool(1, 443, 65_535) }, { weight: 1, arbitrary: pool(0, 65_536) }),
    health: fc.record(
      { status: pool(...Object.values(HealthStatus)), lastChecked: time, message: text('fine', '') },
      { requiredKeys: ['status'] },
    ),
    metadata,
  },
  { requiredKeys: ['id', 'protocol', 'address', 'port'] },
);
const endpoints = fc.uniqueArray(endpoint, { maxLength: 3, selector: ({ id }) => id, comparator: 'IsStrictlyEqual' });
const endpointReference = fc.oneof(
  endpointId,
  endpointId.map((id) => ({ id })),
);
const optionalAgentFields = {
  endpoints: fc.oneof({ weight: 40, arbitrary: endpoints }, { weight: 1, arbitrary: someOf(endpoint) }),
  capabilities: someOf(capability),
  description: text('about', ''),
  metadata,
  createdAt: time,
  updatedAt: time,
  expiresAt: time,
  status: pool(...Object.values(AgentStatus)),
};

const certificateInput: Arbitrary<CertificateInput> = fc.record(
  {
    id: certificateId,
    subject: text('CN=a', ''),
    issuer: text('CN=ca', ''),
    notBefore: time,
    notAfter: time,
    publicKey: text('key'),
    certificate: text('pem'),
    fingerprint,
    status: pool(...Object.values(CertificateStatus)),
    metadata,
    createdAt: time,
    replacedBy: seldom(certificateId),
  },
  { requiredKeys: ['subject', 'issuer', 'notBefore', 'notAfter', 'publicKey', 'certificate', 'fingerprint'] },
);

export const agentInput: Arbitrary<AgentInput> = fc
  .record(
    {
      id: agentId,
      name,
      publicKey: text('key'),
      certificateId: heldCertificate,
      version,
      owner,
      ...optionalAgentFields,
    },
    { requiredKeys: ['name', 'publicKey', 'certificateId', 'version', 'owner'] },
  )
  .chain((agent) => withReference(agent));

/** Mostly one of the agent's own endpoints. */
function withReference(agent: AgentInput): Arbitrary<AgentInput> {
  const own = agent.endpoints?.[0];
  const some = own === undefined ? [] : [own, own.id ?? '', { id: own.id ?? '' }];
  const references = [undefined, ...some].map((defaultEndpoint) => ({ ...agent, defaultEndpoint })) as AgentInput[];
  return fc.oneof(
    { weight: 20, arbitrary: pool(...references) },
    { weight: 1, arbitrary: endpointReference.map((defaultEndpoint) => ({ ...agent, defaultEndpoint })) },
  );
}

const agentUpdate: Arbitrary<AgentUpdate> = fc
  .tuple(
    agentId,
    partly({
      name,
      publicKey: text('key', 'other'),
      certificateId: heldCertificate,
      version,
      owner,
      ...optionalAgentFields,
    }),
    partly({
      description: pool<string | null>('new', null),
      defaultEndpoint: seldom(fc.option(endpointReference)),
    }),
  )
  .map(([id, fields, cleared]) => ({ id, ...fields, ...cleared }));

const count = fc.oneof(
  { weight: 20, arbitrary: fc.nat(6) },
  { weight: 1, arbitrary: pool(-1, 1.5, Number.NaN, 2 ** 53) },
);
const window = { limit: seldom(count), offset: seldom(count) };

/** Few fields at once: what asks for everything finds nothing. */
const few = <T extends object>(fields: { [K in keyof T]: Arbitrary<T[K]> }, always: Partial<typeof window>) =>
  fc
    .tuple(
      fc.subarray(Object.keys(fields) as (keyof T)[], { maxLength: 2 }),
      fc.record(fields) as Arbitrary<T>,
      fc.record(always, { requiredKeys: [] }),
    )
    .map(([keys, values, rest]) => ({ ...Object.fromEntries(keys.map((key) => [key, values[key]])), ...rest }));

const resolutionFilter = {
  id: agentId,
  ids: someOf(agentId),
  name: namePart,
  exactName: name,
  owner,
  status: someOf(pool(...Object.values(AgentStatus))),
  fingerprint,
  capabilities: someOf(capability),
  protocol: text('https', 'wss'),
  health: someOf(pool(...Object.values(HealthStatus))),
  metadata,
  version: range,
  expiresBefore: time,
  expiresAfter: time,
  includeExpired: fc.boolean(),
};
const resolutionOrder = partly({
  allCapabilities: fc.boolean(),
  orderBy: pool<ResolutionQuery['orderBy']>(
    'id',
    'name',
    'version',
    'owner',
    'status',
    'createdAt',
    'updated_at',
    'expiresAt',
  ),
  orderDirection: pool('asc' as const, 'desc' as const),
});
const resolutionQuery: Arbitrary<ResolutionQuery> = fc
  .tuple(few(resolutionFilter, window), resolutionOrder)
  .map(([filter, order]) => ({ ...filter, ...order }));

const eventType = text('AUTHENTICATION_FAILURE', 'SYSTEM_ABUSE', 'my own');
const severity = pool(...Object.values(SecuritySeverity));
const eventInput: Arbitrary<SecurityEventInput> = fc.record(
  {
    id: eventId,
    timestamp: time,
    eventType,
    severity,
    source: text('s1', 'S1', ''),
    target: text('t1', ''),
    description: text('what', ''),
    metadata,
    mitigationApplied: fc.boolean(),
    mitigationDetails: text('done', ''),
  },
  { requiredKeys: ['eventType', 'severity', 'source', 'target', 'description'] },
);
const eventQuery: Arbitrary<SecurityEventQuery> = few(
  {
    ids: someOf(eventId),
    from: time,
    to: time,
    eventTypes: someOf(eventType),
    severities: someOf(severity),
    minSeverity: severity,
    source: text('s1', 'S1'),
    target: text('t1'),
    mitigationApplied: fc.boolean(),
    metadata,
  },
  window,
);

// Which parameters go with which kind is written out below; fast-check's types lose the tie between the two.
const one = (kind: Operation['kind'], parameters: object): Arbitrary<Operation> =>
  fc.record({ kind: fc.constant(kind), ...parameters }) as unknown as Arbitrary<Operation>;

/** A call of the public surface. */
export const operation: Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: one('createCertificate', { input: certificateInput }) },
  { weight: 1, arbitrary: one('getCertificate', { id: certificateId }) },
  { weight: 1, arbitrary: one('getCertificateByFingerprint', { fingerprint }) },
  {
    weight: 2,
    arbitrary: one('updateCertificateStatus', {
      id: certificateId,
      status: pool(...Object.values(CertificateStatus)),
    }),
  },
  { weight: 5, arbitrary: one('createAgent', { input: agentInput }) },
  { weight: 1, arbitrary: one('getAgent', { id: agentId }) },
  { weight: 4, arbitrary: one('updateAgent', { input: agentUpdate }) },
  { weight: 1, arbitrary: one('deleteAgent', { id: agentId }) },
  { weight: 7, arbitrary: one('queryAgents', { query: resolutionQuery }) },
  { weight: 3, arbitrary: one('recordSecurityEvent', { input: eventInput }) },
  { weight: 3, arbitrary: one('querySecurityEvents', { query: eventQuery }) },
);
