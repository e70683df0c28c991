import type { ResolutionQuery } from '../../src';
import {
  badCounts,
  badIds,
  badMetadata,
  badTexts,
  eachOf,
  elementsOf,
  unstorableTexts,
  notTimes,
  valuesBut,
} from '../support/bad-values';
import { callUntyped, expectError } from '../support/expect-error';
import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.000Z');
const fingerprint = 'AA:BB:CC:0D';

function endpoint(protocol: string, status: 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY' | 'UNKNOWN') {
  return { protocol, address: 'a', port: 443, health: { status, lastChecked: new Date(now) } };
}

async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db, { fingerprint });
  await createAgent(db, {
    id: 'a',
    name: 'Alpha Search',
    owner: 'acme',
    certificateId,
    version: '1.0.0',
    capabilities: ['read', 'search'],
    endpoints: [endpoint('https', 'UNHEALTHY'), endpoint('wss', 'HEALTHY')],
    metadata: { tier: 1, tags: ['x', 'y'], region: 'eu' },
  });
  await createAgent(db, {
    id: 'b',
    name: 'Beta search',
    owner: 'acme',
    status: 'SUSPENDED',
    certificateId,
    version: '1.5.0',
    capabilities: ['read', 'write'],
    endpoints: [endpoint('https', 'HEALTHY')],
    metadata: { tier: '1', tags: ['y', 'x'], limits: { b: 2, a: [1] } },
  });
  await createAgent(db, { id: 'c', name: 'Gamma', owner: 'Acme', version: '2.0.0', capabilities: ['Read'] });
  await createAgent(db, { id: 'd', name: 'alpha', owner: 'other', status: 'REVOKED', version: 'latest' });
}

const shared = shareTestDatabase({ now: () => now }, fill);

/** Returns the one-letter ids of the agents that a query finds, by default in ascending order, as one text. */
async function idsOf(query: ResolutionQuery): Promise<string> {
  const agents = await shared().db.queryAgents({ orderBy: 'id', ...query });
  return agents.map(({ id }) => id).join('');
}

describe('queryAgents', () => {
  test('Query with valid filters returns matching agents', async () => {
    const { db } = await openTestDatabase();
    const agent = wholeAgent({ certificateId: await createCertificate(db, { fingerprint }), status: 'ACTIVE' });
    await db.createAgent(agent);
    await createAgent(db);
    const query: ResolutionQuery = {
      id: agent.id,
      ids: [agent.id],
      name: 'TEST',
      exactName: agent.name,
      names: [agent.name],
      owner: agent.owner,
      owners: [agent.owner],
      status: ['ACTIVE'],
      fingerprint: 'aabbcc0d',
      certificateStatus: ['VALID'],
      capabilities: ['search', 'translate'],
      allCapabilities: true,
      hasEndpoint: true,
      protocol: 'https',
      address: 'https://agent.example/a2a?x=1#y',
      health: ['DEGRADED'],
      metadata: { limits: { cpu: 0.5 }, nothing: null },
      version: agent.version,
      createdAfter: new Date(agent.createdAt.getTime() - 1),
      createdBefore: new Date(agent.createdAt.getTime() + 1),
      updatedAfter: new Date(agent.updatedAt.getTime() - 1),
      updatedBefore: new Date(agent.updatedAt.getTime() + 1),
      expiresBefore: new Date(agent.expiresAt.getTime() + 1),
      expiresAfter: new Date(agent.expiresAt.getTime() - 1),
      includeExpired: false,
      not: { ids: ['another'] },
      limit: 10,
      offset: 0,
    };
    expect(await db.queryAgents(query)).toStrictEqual([agent]);
  });

  test('Query with no matches returns empty array', async () => {
    expect(await shared().db.queryAgents({ owner: 'nobody' })).toEqual([]);
    expect(await (await openTestDatabase()).db.queryAgents({})).toEqual([]);
  });

  test.each<[string, ResolutionQuery, string]>([
    ['an id', { id: 'b' }, 'b'],
    ['an id in another case', { id: 'B' }, ''],
    ['several ids, one of them unknown, one twice', { ids: ['d', 'a', 'x', 'a'] }, 'ad'],
    ['an id and ids that hold it', { id: 'a', ids: ['a', 'b'] }, 'a'],
    ['an id and ids that do not hold it', { id: 'c', ids: ['a', 'b'] }, ''],
    ['a part of the name', { name: 'SEARCH' }, 'ab'],
    ['a part with a space at its edge', { name: ' search' }, 'ab'],
    ['a part with another number of spaces', { name: 'alpha  search' }, ''],
    ['the exact name', { exactName: 'Alpha Search' }, 'a'],
    ['the exact name in another case', { exactName: 'alpha search' }, ''],
    ['a part given as the exact name', { exactName: 'Alpha' }, ''],
    ['name and exact name', { name: 'ALPHA', exactName: 'alpha' }, 'd'],
    ['an owner, case-sensitive', { owner: 'acme' }, 'ab'],
    ['a part of an owner', { owner: 'acm' }, ''],
    ['an owner with a wildcard', { owner: 'acm%' }, ''],
    ['one status', { status: ['SUSPENDED'] }, 'b'],
    ['several statuses, one twice', { status: ['SUSPENDED', 'REVOKED', 'REVOKED'] }, 'bd'],
    ['a status nobody has', { status: ['EXPIRED'] }, ''],
    ['the fingerprint', { fingerprint }, 'ab'],
    ['the fingerprint in another notation', { fingerprint: 'aa:bbcc0D' }, 'ab'],
    ['a part of the fingerprint', { fingerprint: 'AA:BB:CC' }, ''],
    ['undefined in every field', { id: undefined, owner: undefined, status: undefined, name: undefined }, 'abcd'],
    ['capabilities: any of one', { capabilities: ['read'] }, 'ab'],
    ['capabilities: any of several', { capabilities: ['search', 'write', 'fly'] }, 'ab'],
    ['capabilities: any of several, each twice', { capabilities: ['search', 'search'], allCapabilities: false }, 'a'],
    ['capabilities: all of one', { capabilities: ['read'], allCapabilities: true }, 'ab'],
    ['capabilities: all of two', { capabilities: ['write', 'read'], allCapabilities: true }, 'b'],
    [
      'capabilities: all of two, with duplicates',
      { capabilities: ['read', 'write', 'read'], allCapabilities: true },
      'b',
    ],
    [
      'capabilities: all of two, one of which no agent has',
      { capabilities: ['read', 'fly'], allCapabilities: true },
      '',
    ],
    [
      'capabilities: all of two that no agent has both of',
      { capabilities: ['search', 'write'], allCapabilities: true },
      '',
    ],
    ['capabilities: a part of a capability’s name', { capabilities: ['rea'] }, ''],
    ['capabilities: allCapabilities alone, which filters nothing', { allCapabilities: true }, 'abcd'],
    ['endpoints: a protocol', { protocol: 'wss' }, 'a'],
    ['endpoints: a protocol of several agents', { protocol: 'https' }, 'ab'],
    ['endpoints: a protocol in another case', { protocol: 'HTTPS' }, ''],
    ['endpoints: one health', { health: ['UNHEALTHY'] }, 'a'],
    ['endpoints: several healths', { health: ['UNHEALTHY', 'HEALTHY', 'HEALTHY'] }, 'ab'],
    ['endpoints: protocol and health of one and the same endpoint', { protocol: 'https', health: ['HEALTHY'] }, 'b'],
    [
      'endpoints: a protocol and a health that no endpoint has together',
      { protocol: 'wss', health: ['UNHEALTHY'] },
      '',
    ],
    ['metadata: a number', { metadata: { tier: 1 } }, 'a'],
    ['metadata: a text that looks like the number', { metadata: { tier: '1' } }, 'b'],
    ['metadata: an array, in its order', { metadata: { tags: ['x', 'y'] } }, 'a'],
    ['metadata: a part of an array', { metadata: { tags: ['x'] } }, ''],
    ['metadata: an element of an array', { metadata: { tags: 'x' } }, ''],
    ['metadata: an object, whatever the order of its keys', { metadata: { limits: { a: [1], b: 2 } } }, 'b'],
    ['metadata: a part of an object', { metadata: { limits: { b: 2 } } }, ''],
    ['metadata: two keys', { metadata: { tier: 1, region: 'eu' } }, 'a'],
    ['metadata: two keys that no agent has both of', { metadata: { tier: 1, limits: { b: 2, a: [1] } } }, ''],
    ['metadata: null, which does not match an absent key', { metadata: { tier: null } }, ''],
    ['metadata: a key nobody has', { metadata: { colour: 'red' } }, ''],
    ['metadata: a key in another case', { metadata: { Tier: 1 } }, ''],
    ['metadata: an empty text, which is a value', { metadata: { region: '' } }, ''],
    ['metadata: no key, which filters nothing', { metadata: {} }, 'abcd'],
  ])('queryAgents finds agents by %s', async (_, query, expected) => {
    expect(await idsOf(query)).toBe(expected);
  });
});

describe('queryAgents with an empty value', () => {
  test.each<ResolutionQuery>([
    { id: '' },
    { ids: [] },
    { ids: [''] },
    { name: '' },
    { exactName: '' },
    { owner: '' },
    { status: [] },
    { fingerprint: '' },
    { fingerprint: '::' },
    { capabilities: [] },
    { capabilities: [''] },
    { capabilities: [], allCapabilities: true },
    { protocol: '' },
    { health: [] },
    { version: '' },
  ])('queryAgents returns no agents when a field has an empty value: %j', async (query) => {
    expect(await idsOf(query)).toBe('');
    expect(await idsOf({ ...query, owner: query.owner ?? 'acme' })).toBe('');
    const [[field, value] = ['', '']] = Object.entries(query);
    // If an inherited or a non-enumerable field were ignored, the query would match the agents of every owner.
    expect(await shared().db.queryAgents(Object.create(query) as object)).toEqual([]);
    expect(await shared().db.queryAgents(Object.defineProperty({}, field, { value, enumerable: false }))).toEqual([]);
  });
});

describe('queryAgents with metadata', () => {
  test('a metadata filter matches only agents with the same value', async () => {
    const values = [0, 1.5, 1e21, true, false, null, '', 'null', 'é', [], {}, [[]], { '': null }, '\\"\n', '😀'];
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    for (const [index, value] of values.entries()) {
      await createAgent(db, { id: String(index), certificateId, metadata: { 'a "key"\\': value } });
    }
    for (const [index, value] of values.entries()) {
      const found = await db.queryAgents({ metadata: { 'a "key"\\': value } });
      expect(found.map(({ id }) => id)).toEqual([String(index)]);
    }
  });
});

describe('queryAgents with long lists', () => {
  test('queryAgents accepts 40,000 ids or capabilities, despite the parameter limit of SQLite', async () => {
    const { db } = shared();
    const many = Array.from({ length: 40_000 }, (_, index) => `x${index}`);
    expect(await db.queryAgents({ ids: [...many, 'a'], orderBy: 'id' })).toHaveLength(1);
    expect(await db.queryAgents({ capabilities: [...many, 'search'], orderBy: 'id' })).toHaveLength(1);
    expect(await db.queryAgents({ capabilities: [...many, 'search'], allCapabilities: true })).toEqual([]);
  });
});

const texts = ['id', 'name', 'exactName', 'owner', 'fingerprint', 'protocol', 'version'];
const unknownFields = ['colour', 'Owner', 'created_at', 'expiresat', 'cursor', 'size'];

describe('queryAgents with invalid input', () => {
  test.each([
    ...texts.flatMap((field) => eachOf(field, [...valuesBut('text', 'undefined'), ...unstorableTexts])),
    ...['ids', 'capabilities', 'status', 'health'].flatMap((field) => eachOf(field, valuesBut('array', 'undefined'))),
    ...['ids', 'capabilities'].flatMap((field) => elementsOf(field, badTexts)),
    ...['status', 'health'].flatMap((field) =>
      elementsOf(field, [...badIds, ['an unknown one', 'BROKEN'], ['another case', 'active']]),
    ),
    ...['allCapabilities', 'includeExpired'].flatMap((field) =>
      eachOf(field, [...valuesBut('boolean', 'undefined'), ['the text true', 'true']]),
    ),
    ...['expiresBefore', 'expiresAfter'].flatMap((field) => eachOf(field, notTimes)),
    ...badMetadata,
    ...['limit', 'offset'].flatMap((field) => eachOf(field, badCounts)),
    ...eachOf('orderBy', [
      ...valuesBut('undefined'),
      ...['', 'public_key', 'publicKey', 'Name', '__proto__', 'constructor'].map(
        (value) => [`"${value}"`, value] as const,
      ),
      ...['name; DROP TABLE agents', '(SELECT 1)', 'id DESC, (SELECT 1)', 'rowid', '1', 'a.id', '"id"'].map(
        (value) => [`the SQL ${value}`, value] as const,
      ),
    ]),
    ...eachOf('orderDirection', [...valuesBut('undefined'), ['an empty text', ''], ['another case', 'DESC']]),
    ...unknownFields.map((field) => [`the unknown field ${field}`, { [field]: undefined }, 'query'] as const),
  ])('queryAgents refuses an invalid field, even when another field matches nothing: %s', async (_, fields, field) => {
    for (const query of [fields, { owner: '', ids: [], ...fields }]) {
      const error = await expectError('INVALID_INPUT', () => shared().db.queryAgents(query));
      expect(error).toMatchObject({ field, operation: 'agents.query', retryable: false });
      expect(error.message).toMatch(/^Failed to query agents: /);
      expect(error.message).toContain(Object.keys(fields)[0]);
    }
  });

  // If a value without fields of a query were accepted, it would match the agents of every owner.
  test.each([
    ...valuesBut('undefined', 'object'),
    ['a Map', new Map([['owner', 'nobody']])] as const,
    ['a promise of a query', Promise.resolve({ owner: 'nobody' })] as const,
  ])('queryAgents refuses %s in place of a query', async (_, value) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'queryAgents', value));
  });
});
