import type { AgentFilterQuery, FacetProperty, FacetRequest, JsonValue } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';
import { valuesBut } from '../support/bad-values';

const checked = new Date('2026-01-01T00:00:00.000Z');

function endpoint(protocol: string, status: 'HEALTHY' | 'UNHEALTHY') {
  return { protocol, address: 'a', port: 1, health: { status, lastChecked: checked } };
}

async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  await createAgent(db, {
    certificateId,
    owner: 'acme',
    capabilities: ['read', 'write'],
    endpoints: [endpoint('https', 'HEALTHY'), endpoint('https', 'HEALTHY'), endpoint('wss', 'UNHEALTHY')],
    metadata: { tier: 1, region: 'eu' },
  });
  await createAgent(db, {
    certificateId,
    owner: 'acme',
    status: 'SUSPENDED',
    capabilities: ['read'],
    endpoints: [endpoint('https', 'UNHEALTHY')],
    metadata: { tier: '1' },
  });
  await createAgent(db, {
    certificateId,
    owner: 'Acme',
    capabilities: ['read', 'é', '😀', '\uffee'],
    metadata: { tier: 1 },
  });
  await createAgent(db, { certificateId, owner: 'other', metadata: { tier: { b: [1], a: null }, region: null } });
}

const shared = shareTestDatabase({}, fill);

/** Returns a facet as a list of keys with counts, and the count of the other buckets. */
async function facetOf(query: AgentFilterQuery, request: FacetRequest): Promise<[[JsonValue, number][], number]> {
  const [facet, ...others] = await shared().db.agents.facets(query, [request]);
  expect(others).toEqual([]);
  return [facet.buckets.map(({ key, count }) => [key, count]), facet.otherCount];
}

describe('agents.facets', () => {
  test.each<[FacetProperty, AgentFilterQuery, [JsonValue, number][]]>([
    ['owner', {}, [['acme', 2], ['Acme', 1], ['other', 1]]], // prettier-ignore
    ['status', {}, [['ACTIVE', 3], ['SUSPENDED', 1]]], // prettier-ignore
    ['capability', {}, [['read', 3], ['write', 1], ['é', 1], ['\uffee', 1], ['😀', 1]]], // prettier-ignore
    ['protocol', {}, [['https', 2], ['wss', 1]]], // prettier-ignore
    ['health', {}, [['UNHEALTHY', 2], ['HEALTHY', 1]]], // prettier-ignore
    [{ metadata: 'tier' }, {}, [[1, 2], ['1', 1], [{ a: null, b: [1] }, 1]]], // prettier-ignore
    [{ metadata: 'region' }, {}, [['eu', 1], [null, 1]]], // prettier-ignore
    [{ metadata: 'absent' }, {}, []],
    ['owner', { capabilities: ['read'] }, [['acme', 2], ['Acme', 1]]], // prettier-ignore
    ['status', { owner: 'acme' }, [['ACTIVE', 1], ['SUSPENDED', 1]]], // prettier-ignore
    ['capability', { not: { capabilities: ['write'] }, owners: ['acme'] }, [['read', 1]]],
    // All endpoints of a matching agent count, also those that do not match themselves.
    ['protocol', { protocol: 'wss' }, [['https', 1], ['wss', 1]]], // prettier-ignore
    ['health', { health: ['HEALTHY'] }, [['HEALTHY', 1], ['UNHEALTHY', 1]]], // prettier-ignore
    [{ metadata: 'tier' }, { metadata: { tier: 1 }, status: ['ACTIVE'] }, [[1, 2]]],
    ['owner', { owner: 'nobody' }, []],
    ['owner', { owner: '' }, []],
  ])('facets counts the agents by %j among the agents that match %j', async (by, query, expected) => {
    expect(await facetOf(query, { by })).toEqual([expected, 0]);
  });

  test('facets returns the sum of the buckets that limit and minCount leave out', async () => {
    expect(await facetOf({}, { by: 'capability', limit: 2 })).toEqual([[['read', 3], ['write', 1]], 3]); // prettier-ignore
    expect(await facetOf({}, { by: 'capability', minCount: 2 })).toEqual([[['read', 3]], 4]);
    expect(await facetOf({}, { by: 'capability', limit: 1, minCount: 4 })).toEqual([[], 7]);
    expect(await facetOf({ owner: 'acme' }, { by: 'owner', minCount: 3 })).toEqual([[], 2]);
  });

  test('facets returns one facet for each request, in the order of the requests', async () => {
    const { db, statementsOf } = shared();
    const properties: FacetProperty[] = ['status', 'health', 'owner', 'protocol', 'capability'];
    properties.push({ metadata: 'tier' }, 'owner', { metadata: 'region' });
    const requests = properties.map((by) => ({ by }));
    for (const query of [{}, { owner: 'acme' }]) {
      const one = async (request: FacetRequest) => (await db.agents.facets(query, [request]))[0];
      const expected = await Promise.all(requests.map(one));
      const statements = await statementsOf(async () => {
        expect(await db.agents.facets(query, requests)).toEqual(expected);
      });
      expect(statements).toHaveLength(1);
    }
  });

  test('facets runs one count for several requests with the same property', async () => {
    const by = 'owner' as const;
    const acme = { key: 'acme', count: 2 };
    for (const query of [{}, { status: ['ACTIVE' as const, 'SUSPENDED' as const] }]) {
      const facets = await shared().db.agents.facets(query, [{ by, limit: 1 }, { by, minCount: 2 }, { by }]);
      expect(facets).toEqual([
        { buckets: [acme], otherCount: 2 },
        { buckets: [acme], otherCount: 2 },
        { buckets: [acme, { key: 'Acme', count: 1 }, { key: 'other', count: 1 }], otherCount: 0 },
      ]);
    }
  });

  test('facets accepts twenty requests of all kinds together with every field of a query', async () => {
    const query: AgentFilterQuery = {
      name: 'test',
      owners: ['acme'],
      capabilities: ['read', 'write'],
      metadata: { tier: 1 },
      address: 'a',
      certificateStatus: ['VALID'],
      createdAfter: new Date(0),
      version: '*',
      not: { capabilities: ['x'], metadata: { x: 1 }, version: '^9' },
    };
    const kinds = ['capability', 'owner', 'protocol', 'status', 'health'] as const;
    const keys = Array.from({ length: 14 }, (_, index) => ({ metadata: `key-${index}` }));
    const properties: FacetProperty[] = [...kinds, ...keys, { metadata: 'tier' }];
    const requests = properties.map((by) => ({ by }));
    const facets = await shared().db.agents.facets(query, requests);
    expect(facets.map(({ buckets }) => buckets.map(({ key, count }) => [key, count]))).toEqual([
      [['read', 1], ['write', 1]], // prettier-ignore
      [['acme', 1]],
      [['https', 1], ['wss', 1]], // prettier-ignore
      [['ACTIVE', 1]],
      [['HEALTHY', 1], ['UNHEALTHY', 1]], // prettier-ignore
      ...keys.map(() => []),
      [[1, 1]],
    ]);
  });

  test('facets returns an empty array without requests, and each key in its own type', async () => {
    const { db } = shared();
    expect(await db.agents.facets({}, [])).toEqual([]);
    const [statuses, owners, tiers] = await db.agents.facets({}, [
      { by: 'status' },
      { by: 'owner' },
      { by: { metadata: 'tier' } },
    ]);
    const status: 'ACTIVE' | 'SUSPENDED' | 'DEPRECATED' | 'REVOKED' | 'EXPIRED' | undefined = statuses.buckets[0]?.key;
    const owner: string | undefined = owners.buckets[0]?.key;
    const tier: JsonValue | undefined = tiers.buckets[0]?.key;
    expect([status, owner, tier]).toEqual(['ACTIVE', 'acme', 1]);
  });

  test('facets returns at most 100 buckets by default', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, {
      capabilities: Array.from({ length: 130 }, (_, index) => `c${String(index).padStart(3, '0')}`),
    });
    const [byDefault, all] = await db.agents.facets({}, [{ by: 'capability' }, { by: 'capability', limit: 1000 }]);
    expect(byDefault.buckets.map(({ key }) => key)).toEqual(all.buckets.slice(0, 100).map(({ key }) => key));
    expect([byDefault.otherCount, all.buckets.length, all.otherCount]).toEqual([30, 130, 0]);
  });
});

describe('agents.facets with invalid input', () => {
  test.each<[string, unknown, unknown]>([
    ['query', 'owner', []],
    ['query', { colour: 'red' }, []],
    ['owner', { owner: 1 }, []],
    ['not', { not: {} }, []],
    ['limit', { limit: 1 }, []],
    ['offset', { offset: 0 }, []],
    ['orderBy', { orderBy: 'name' }, []],
    ['orderDirection', { orderDirection: 'asc' }, []],
    ['requests', { owner: '' }, undefined],
    ['requests', {}, { by: 'owner' }],
    ['requests', {}, Array.from({ length: 21 }, () => ({ by: 'owner' }))],
    ['requests[1]', {}, [{ by: 'owner' }, 'owner']],
    ['requests[0]', {}, [{ by: 'owner', offset: 1 }]],
    ['requests[0].by', {}, [{}]],
    ['requests[0].by', {}, [{ by: 'name' }]],
    ['requests[0].by', {}, [{ by: { metadata: 'a', key: 'b' } }]],
    ['requests[0].by.metadata', {}, [{ by: {} }]],
    ['requests[0].by.metadata', {}, [{ by: { metadata: 'a\0' } }]],
    ...[0, -1, 1.5, 1001, '1', null].map((limit) => ['requests[0].limit', {}, [{ by: 'owner', limit }]] as [string, unknown, unknown]), // prettier-ignore
    ...[0, 1.5, '1'].map((minCount) => ['requests[0].minCount', {}, [{ by: 'owner', minCount }]] as [string, unknown, unknown]), // prettier-ignore
  ])('facets refuses an invalid %s', async (field, query, requests) => {
    const error = await expectError('INVALID_INPUT', () => callUntyped(shared().db.agents, 'facets', query, requests));
    expect(error).toMatchObject({ field, operation: 'agents.facets' });
    expect(error.message).toMatch(/^Failed to count facets of agents: /);
  });

  test.each(valuesBut('object'))('facets refuses %s as a query', async (_, query) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db.agents, 'facets', query, [{ by: 'owner' }]));
  });
});
