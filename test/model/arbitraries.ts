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
  type Metadata,
  type ResolutionQuery,
  type SecurityEventInput,
  type SecurityEventQuery,
} from '../../src';
import type { Operation } from './model';
import { hasBadText } from './text';

/*
 * Calls at random. The pools are small, so that ids, names and the rest meet often; beside them stands now and then
 * anything that can be written, and seldom what may not be.
 */

const pool = <T>(...values: readonly T[]): Arbitrary<T> => fc.constantFrom(...values);

/** Any text that can be stored. */
export const anyText: Arbitrary<string> = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary', maxLength: 6 }), fc.string())
  .filter((text) => !hasBadText(text));
const badText = pool('a\0b', '\ud800', 'x\udc00y');
const text = (...values: readonly string[]): Arbitrary<string> =>
  fc.oneof(
    { weight: 40, arbitrary: pool(...values) },
    { weight: 6, arbitrary: anyText },
    { weight: 1, arbitrary: pool('') },
    { arbitrary: badText, weight: 1 },
  );
const someOf = <T>(element: Arbitrary<T>): Arbitrary<T[]> => fc.array(element, { maxLength: 3 });

const certificateId = text('c1', 'c2', 'c3', 'C1');
const agentId = text('a', 'b', 'B', 'ä', '\u{1f642}', '\uffee');
const eventId = text('e1', 'e2', 'e3', '%');
const endpointId = fc.oneof(
  { weight: 20, arbitrary: pool('main', 'Main', 'x', 'y') },
  { weight: 1, arbitrary: anyText },
);
const fingerprint = fc.oneof(
  { weight: 20, arbitrary: pool('AA:BB', 'aabb', 'A:ABB', 'CC', 'c:c', 'dd:ee', 'ff', '0') },
  { weight: 1, arbitrary: pool('', ':') },
);
const names = [
  'Agent',
  'AGENT two',
  'a_b%',
  'Straße',
  'İstanbul',
  'ΣΊΣΥΦΟΣ',
  '𐐀x',
  'ǅ',
  'e\u0301é',
  'K\u212a',
] as const;
const name = text(...names);
const namePart = fc.oneof(
  {
    weight: 4,
    arbitrary: pool('agent', 'A', '_', '%', 'SS', 'ß', 'i', 'i̇', 'İ', 'ς', 'σ', 'Σ', '𐐨', 'ǆ', 'É', 'k', '\u0301'),
  },
  { weight: 2, arbitrary: fc.tuple(name, fc.nat(4), fc.nat(4)).map(([whole, from, size]) => slice(whole, from, size)) },
  { weight: 1, arbitrary: name },
);
const owner = text('one', 'ONE', 'two');
const capability = text('read', 'Read', 'write', '\u{1f642}', '\uffee');
const version = text(
  ...['1.0.0', '1.2.3', '1.2.10', '1.2.3-rc.2', '1.2.3-rc.10', '1.2.3-rc', '1.2.3+build', '2.0.0', '10.0.0'],
  ...['1.0', 'v1.2.3', 'latest', '=2.0.0', ' 3.0.0', '01.0.0', '0.0.0-0'],
);
const range = fc.oneof(
  { weight: 1, arbitrary: version },
  {
    weight: 3,
    arbitrary: pool('^1.2.0', '>=1 <3', '1.x', '*', 'x', '~1.2', '1 || 2', '<2', '>1.2.3-rc.2', '>=1.2.3-rc <2'),
  },
  { weight: 1, arbitrary: pool('^1.2.3-0', '1.2.3 - 2.0.0', '<0.0.0-0', '!=1', '>=1.2.3-rc.2 || 10') },
);
const time = fc.oneof(
  { weight: 6, arbitrary: pool(-1, 0, 1, 999, 1000, 1001).map((ms) => new Date(1_800_000_000_000 + ms)) },
  { weight: 1, arbitrary: pool(-62_135_596_800_000, 0, 253_402_300_799_999).map((ms) => new Date(ms)) },
);
// Through JSON, so that there is no -0: whether it equals 0 is left open.
const jsonValue = fc
  .oneof(
    { weight: 4, arbitrary: pool<unknown>(1, '1', true, null, 'x', [], {}, { b: 1, a: [2] }, { a: [2], b: 1 }, 0.1) },
    {
      weight: 1,
      arbitrary: fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }),
    },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as Metadata[string]);
const metadata: Arbitrary<Metadata> = fc.dictionary(text('k', 'K', '__proto__', 'constructor'), jsonValue, {
  maxKeys: 3,
  noNullPrototype: true,
});

/** Fields of which each may be left out. */
const partly = <T extends object>(fields: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<Partial<T>> =>
  fc.record(fields, { requiredKeys: [] }) as Arbitrary<Partial<T>>;

const endpoint: Arbitrary<EndpointInput> = fc.record(
  {
    id: endpointId,
    protocol: text('https', 'wss'),
    address: text('host', 'HOST'),
    port: fc.oneof({ weight: 20, arbitrary: pool(1, 443, 65_535) }, { weight: 1, arbitrary: pool(0, 65_536) }),
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
  endpoints: fc.oneof({ weight: 10, arbitrary: endpoints }, { weight: 1, arbitrary: someOf(endpoint) }),
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
    replacedBy: certificateId,
  },
  { requiredKeys: ['subject', 'issuer', 'notBefore', 'notAfter', 'publicKey', 'certificate', 'fingerprint'] },
);

const agentInput: Arbitrary<AgentInput> = fc
  .record(
    { id: agentId, name, publicKey: text('key'), certificateId, version, owner, ...optionalAgentFields },
    { requiredKeys: ['name', 'publicKey', 'certificateId', 'version', 'owner'] },
  )
  .chain((agent) => withReference(agent));

/** Mostly one of the agent's own endpoints. */
function withReference(agent: AgentInput): Arbitrary<AgentInput> {
  const own = agent.endpoints?.[0];
  const some = own === undefined ? [] : [own, own.id ?? '', { id: own.id ?? '' }];
  const references = [undefined, ...some].map((defaultEndpoint) => ({ ...agent, defaultEndpoint })) as AgentInput[];
  return fc.oneof(
    { weight: 10, arbitrary: pool(...references) },
    { weight: 1, arbitrary: endpointReference.map((defaultEndpoint) => ({ ...agent, defaultEndpoint })) },
  );
}

const agentUpdate: Arbitrary<AgentUpdate> = fc
  .tuple(
    agentId,
    partly({ name, publicKey: text('key', 'other'), certificateId, version, owner, ...optionalAgentFields }),
    partly({ description: pool<string | null>('new', null), defaultEndpoint: fc.option(endpointReference) }),
  )
  .map(([id, fields, cleared]) => ({ id, ...fields, ...cleared }));

const count = fc.oneof(
  { weight: 20, arbitrary: fc.nat(6) },
  { weight: 1, arbitrary: pool(-1, 1.5, Number.NaN, 2 ** 53) },
);
const window = { limit: count, offset: count };

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
  { weight: 6, arbitrary: one('createAgent', { input: agentInput }) },
  { weight: 1, arbitrary: one('getAgent', { id: agentId }) },
  { weight: 4, arbitrary: one('updateAgent', { input: agentUpdate }) },
  { weight: 1, arbitrary: one('deleteAgent', { id: agentId }) },
  { weight: 7, arbitrary: one('queryAgents', { query: resolutionQuery }) },
  { weight: 3, arbitrary: one('recordSecurityEvent', { input: eventInput }) },
  { weight: 3, arbitrary: one('querySecurityEvents', { query: eventQuery }) },
);

function slice(whole: string, from: number, size: number): string {
  return Array.from(whole)
    .slice(from, from + size)
    .join('');
}
