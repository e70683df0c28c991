import type { CertificateQuery, ResolutionQuery, SecurityEventQuery } from '../../src';
import { buildAgentCount, buildAgentQuery } from '../../src/agents/query/builder';
import { parseResolutionQuery } from '../../src/agents/query/validation';
import { buildCertificateQuery } from '../../src/certificates/query/builder';
import { parseCertificateQuery } from '../../src/certificates/query/validation';
import { buildEventQuery } from '../../src/events/query/builder';
import { buildEventAggregate, buildEventCount } from '../../src/events/query/counts';
import { parseEventQuery } from '../../src/events/query/validation';
import type { FilterFieldName } from '../../src/query/filter-field';
import type { Dialect } from '../../src/sql/dialect';
import type { Statement } from '../../src/sql/statement';
import { defaultChecks } from '../support/default-checks';

/** Sample values for every filter field. A field without values does not compile. */
type Samples<Query> = { readonly [F in FilterFieldName<Query>]: readonly Exclude<Query[F], undefined>[] };

const texts = ['ab', 'abc', 'abcd', '🙂', '🙂🙂🙂', '100%'];
const eightTypes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const times = [new Date(1), new Date(2)];
const metadata = [{ a: 1 }, { a: '1' }, { a: 1, b: null }, { b: [{ c: 1 }] }];

const agentSamples: Samples<ResolutionQuery> = {
  id: texts,
  ids: [texts, [...texts, 'other'], ['ab']],
  name: texts,
  exactName: texts,
  names: [texts, [...texts, 'other'], ['ab']],
  owner: texts,
  owners: [texts, [...texts, 'other'], ['ab']],
  status: [['ACTIVE'], ['EXPIRED'], ['ACTIVE', 'EXPIRED'], ['EXPIRED', 'ACTIVE']],
  fingerprint: texts,
  certificateStatus: [['VALID'], ['REVOKED'], ['VALID', 'REVOKED']],
  capabilities: [['a'], ['b'], ['a', 'b']],
  allCapabilities: [true, false],
  hasEndpoint: [true, false],
  protocol: texts,
  address: texts,
  health: [['HEALTHY'], ['DEGRADED'], ['HEALTHY', 'DEGRADED']],
  metadata,
  createdAfter: times,
  createdBefore: times,
  updatedAfter: times,
  updatedBefore: times,
  version: ['1.0.0', '^1.0.0', '1.x || 3.x', 'latest', 'newest'],
  expiresBefore: times,
  expiresAfter: times,
  includeExpired: [true, false],
  latest: [true],
  not: [
    { owner: 'a' },
    { owner: 'b' },
    { name: 'ab' },
    { name: 'abc' },
    { status: ['ACTIVE'] },
    { status: ['ACTIVE', 'EXPIRED'] },
    { capabilities: ['a'], version: '^1.0.0', metadata: { a: 1 } },
    { capabilities: ['a'], allCapabilities: true },
    { includeExpired: false },
    { hasEndpoint: true },
    { hasEndpoint: false },
  ],
};

const certificateSamples: Samples<CertificateQuery> = {
  ids: [['a'], ['b'], ['a', 'b']],
  subject: texts,
  issuer: texts,
  status: [['VALID'], ['REVOKED'], ['VALID', 'REVOKED']],
  fingerprint: texts,
  expiresBefore: times,
  expiresAfter: times,
  metadata,
};

const eventSamples: Samples<SecurityEventQuery> = {
  ids: [['a'], ['b'], ['a', 'b']],
  from: times,
  to: times,
  eventTypes: [['a'], ['b'], ['a', 'b'], ['b', 'a'], eightTypes, [...eightTypes, 'i'], [...eightTypes, 'j']],
  severities: [['INFO'], ['LOW'], ['INFO', 'LOW', 'HIGH']],
  minSeverity: ['INFO', 'LOW', 'CRITICAL'],
  source: texts,
  target: texts,
  mitigationApplied: [true, false],
  metadata,
};

/** A kind of query with values of its fields and the statements that it builds. */
export interface QueryKind {
  readonly name: string;
  readonly samples: Readonly<Record<string, readonly unknown[]>>;
  /** Fields that must be given for another field to filter anything. */
  readonly needed: Readonly<Record<string, object>>;
  /** Builds all statements of a query; null when nothing can match. */
  readonly build: (query: object, dialect: Dialect) => Statement[] | null;
}

const position = { value: 'x', id: 'y' };

export const queryKinds: readonly QueryKind[] = [
  {
    name: 'agents',
    samples: agentSamples,
    needed: { allCapabilities: { capabilities: ['a', 'b'] } },
    build: (query, dialect) => {
      const { filter, order } = parseResolutionQuery(query, defaultChecks);
      if (filter === null) return null;
      const selection = { filter, order, limit: 20, offset: 0, nowMs: 3 };
      return [
        buildAgentQuery(dialect, selection),
        buildAgentQuery(dialect, { ...selection, after: position }),
        buildAgentQuery(dialect, { ...selection, limit: 5000 }),
        buildAgentCount(dialect, filter, 3),
      ];
    },
  },
  {
    name: 'certificates',
    samples: certificateSamples,
    needed: {},
    build: (query, dialect) => {
      const { filter, order } = parseCertificateQuery(query, defaultChecks);
      if (filter === null) return null;
      return [buildCertificateQuery(dialect, { filter, order, limit: 20, offset: 0, scopeOwner: undefined })];
    },
  },
  {
    name: 'security events',
    samples: eventSamples,
    needed: {},
    build: (query, dialect) => {
      const { filter } = parseEventQuery(query, defaultChecks);
      if (filter === null) return null;
      return [
        buildEventQuery(dialect, { filter, limit: 20 }),
        buildEventQuery(dialect, { filter, limit: 20, offset: 5, after: [4, 'y'] }),
        buildEventCount(dialect, filter),
        buildEventAggregate(dialect, { filter, by: 'source', limit: 6 }),
        buildEventAggregate(dialect, { filter, by: { bucketMs: 1000 }, limit: 6 }),
      ];
    },
  },
];
