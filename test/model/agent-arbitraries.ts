import fc, { type Arbitrary } from 'fast-check';
import {
  AgentStatus,
  CertificateStatus,
  HealthStatus,
  type AgentExclusion,
  type AgentFilterQuery,
  type FacetProperty,
  type FacetRequest,
  type AgentInput,
  type AgentUpdate,
  type ChangeOptions,
  type CreateManyOptions,
  type CreateOptions,
  type DeprecateOptions,
  type EndpointHealthInput,
  type EndpointHealthReport,
  type EndpointInput,
  type ResolutionQuery,
  type ResolveByName,
  type UpdateManyOptions,
  type UpdateOptions,
  type Uniqueness,
  type VersionsRequest,
} from '../../src';
import {
  agentId,
  capability,
  endpointId,
  few,
  fingerprint,
  heldCertificate,
  metadata,
  name,
  namePart,
  owner,
  partly,
  pool,
  range,
  seldom,
  someOf,
  text,
  time,
  version,
  window,
} from './pools';

/*
 * Arbitraries of agents, built from the values of the pools, and of the queries and options of their calls.
 */

export const health: Arbitrary<EndpointHealthInput> = fc.record(
  { status: pool(...Object.values(HealthStatus)), lastChecked: time, message: text('fine', '') },
  { requiredKeys: ['status'] },
);
export const healthReports: Arbitrary<EndpointHealthReport[]> = fc.array(
  fc
    .tuple(agentId, endpointId, health)
    .map(([id, endpoint, given]) => ({ agentId: id, endpointId: endpoint, ...given })),
  { maxLength: 5 },
);
const endpoint: Arbitrary<EndpointInput> = fc.record(
  {
    id: endpointId,
    protocol: text('https', 'wss'),
    address: text('host', 'HOST'),
    port: fc.oneof({ weight: 100, arbitrary: pool(1, 443, 65_535) }, { weight: 1, arbitrary: pool(0, 65_536) }),
    health,
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

/** Few names, versions and owners, so that agents often have the same name and a unique name is often taken. */
const meeting = fc.record({ name: pool('Agent', 'K\u212a'), version: pool('1.0.0'), owner: pool('one', 'two') });

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
  .chain((agent) => fc.option(meeting, { nil: {} }).map((named) => ({ ...agent, ...named })))
  .chain((agent) => withReference(agent));

/** Adds a default endpoint, which is mostly one of the agent's own endpoints. */
function withReference(agent: AgentInput): Arbitrary<AgentInput> {
  const own = agent.endpoints?.[0];
  const some = own === undefined ? [] : [own, own.id ?? '', { id: own.id ?? '' }];
  const references = [undefined, ...some].map((defaultEndpoint) => ({ ...agent, defaultEndpoint })) as AgentInput[];
  return fc.oneof(
    { weight: 20, arbitrary: pool(...references) },
    { weight: 1, arbitrary: endpointReference.map((defaultEndpoint) => ({ ...agent, defaultEndpoint })) },
  );
}

export const agentChange: Arbitrary<Omit<AgentUpdate, 'id'>> = fc
  .tuple(
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
    seldom(meeting),
  )
  .map(([fields, cleared, named]) => ({ ...fields, ...cleared, ...named }));

const exclusion = {
  id: agentId,
  ids: someOf(agentId),
  name: namePart,
  exactName: name,
  names: someOf(name),
  owner,
  owners: someOf(owner),
  status: someOf(pool(...Object.values(AgentStatus))),
  fingerprint,
  certificateStatus: someOf(pool(...Object.values(CertificateStatus))),
  capabilities: someOf(capability),
  hasEndpoint: fc.boolean(),
  protocol: text('https', 'wss'),
  address: text('host', 'HOST'),
  health: someOf(pool(...Object.values(HealthStatus))),
  metadata,
  version: range,
  createdAfter: time,
  createdBefore: time,
  updatedAfter: time,
  updatedBefore: time,
  expiresBefore: time,
  expiresAfter: time,
  includeExpired: fc.boolean(),
  latest: fc.constant(true as const),
};
/** Exclusions with a field that filters: others are invalid. */
const effective = few({ ...exclusion, allCapabilities: fc.boolean() }, {}).map(effectiveExclusion);
const resolutionFilter = { ...exclusion, not: effective };

function effectiveExclusion(query: object): AgentExclusion {
  const given: AgentExclusion = query;
  const { includeExpired = true, metadata: entries = {}, ...fields } = given;
  const isEffective =
    !includeExpired || Object.keys({ ...entries, ...fields }).some((key) => key !== 'allCapabilities');
  return isEffective ? given : { hasEndpoint: true };
}

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
const resolution = (always: Partial<typeof window>): Arbitrary<ResolutionQuery> =>
  fc.tuple(few(resolutionFilter, always), resolutionOrder).map(([filter, order]) => ({ ...filter, ...order }));
export const resolutionQuery = resolution(window);
/** Queries that can be read page by page, and rarely other queries. */
export const walkQuery = fc.oneof({ weight: 20, arbitrary: resolution({}) }, { weight: 1, arbitrary: resolutionQuery });

/** Filters of facets, and rarely other queries, which are refused. */
export const facetQuery: Arbitrary<AgentFilterQuery> = fc.oneof(
  {
    weight: 10,
    arbitrary: few({ ...resolutionFilter, allCapabilities: fc.boolean() }, {}).map((query: object) => query),
  },
  { weight: 1, arbitrary: resolutionQuery },
);
const facetProperty = fc.oneof(
  pool<FacetProperty>('capability', 'owner', 'protocol', 'status', 'health'),
  fc.record({ metadata: text('k', 'K', '__proto__', 'constructor') }),
);
const facetLimit = fc.oneof({ weight: 9, arbitrary: pool(1, 2, 1000) }, { weight: 1, arbitrary: pool(0, 1001, 1.5) });
const facetBounds = partly({ limit: seldom(facetLimit), minCount: seldom(pool(1, 2, 3)) });
export const facetRequests: Arbitrary<FacetRequest[]> = fc.array(
  fc.tuple(facetProperty, facetBounds).map(([by, bounds]) => ({ by, ...bounds })),
  { maxLength: 4 },
);

export const resolveRequest: Arbitrary<ResolveByName> = fc
  .tuple(
    name,
    few({ owner, version: range, protocol: text('https', 'wss'), capabilities: someOf(capability) }, {}),
    partly({ allowDeprecated: fc.boolean(), allowUnhealthy: fc.boolean() }),
  )
  .map(([exact, conditions, allowed]) => ({ name: exact, ...conditions, ...allowed }));

/** Mostly true: otherwise many calls would fail and few agents would be stored. */
export const allowRevokedCertificate = pool(undefined, true, true);
export const createOptions: Arbitrary<CreateOptions> = partly({
  unique: pool<Uniqueness>('none', 'owner-name-version', 'name-version'),
  allowRevokedCertificate,
});
/** Undefined stands for the default. */
export const onError = pool(undefined, 'abort' as const, 'collect' as const);
export const agentInputs = fc.array(agentInput, { maxLength: 4 });
export const createManyOptions: Arbitrary<CreateManyOptions> = partly({
  unique: pool<Uniqueness>('none', 'owner-name-version', 'name-version'),
  onError,
  allowRevokedCertificate,
});
export const updateManyOptions: Arbitrary<UpdateManyOptions> = partly({ onError, allowRevokedCertificate });
export const agentStatus = pool(...Object.values(AgentStatus));
/** Placeholder for the `updatedAt` of the agent at the time of the call. */
export const current = new Date(0);
/** Undefined, the `updatedAt` of the agent (`current`), or another time, which rarely matches. */
const ifUpdatedAt = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constant(current) },
  { weight: 1, arbitrary: time },
);

export const agentUpdate = fc.tuple(agentId, agentChange).map(([id, change]) => ({ id, ...change }));
export const changeOptions: Arbitrary<ChangeOptions> = fc.record({ ifUpdatedAt });
export const updateOptions: Arbitrary<UpdateOptions> = fc.record({ ifUpdatedAt, allowRevokedCertificate });
export const deprecateOptions: Arbitrary<DeprecateOptions> = fc.record({
  reason: seldom(text('old', '')),
  successorId: fc.option(agentId, { nil: undefined }),
  ifUpdatedAt,
});
export const versionsRequest: Arbitrary<VersionsRequest> = fc.record({ name, owner: seldom(owner) });
