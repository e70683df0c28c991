import type { ResolutionQuery } from '../../src';
import { badTexts, eachOf, elementsOf, notTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectError } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.000Z');
const at = (minutes: number): Date => new Date(now + minutes * 60_000);

function endpoint(address: string, protocol: string, status: 'HEALTHY' | 'UNHEALTHY') {
  return { protocol, address, port: 443, health: { status, lastChecked: at(0) } };
}

async function fill({ db }: TestDatabase): Promise<void> {
  const valid = await createCertificate(db, { fingerprint: 'AA' });
  const suspended = await createCertificate(db, { fingerprint: 'BB', status: 'SUSPENDED' });
  const times = (minutes: number) => ({ createdAt: at(minutes), updatedAt: at(minutes + 10) });
  await createAgent(db, {
    ...times(1),
    id: 'a',
    name: 'Alpha',
    owner: 'acme',
    certificateId: valid,
    capabilities: ['read', 'write'],
    endpoints: [endpoint('one.example', 'https', 'UNHEALTHY'), endpoint('two.example', 'wss', 'HEALTHY')],
    metadata: { tier: 1 },
    version: '1.0.0',
  });
  await createAgent(db, {
    ...times(2),
    id: 'b',
    name: 'alpha',
    owner: 'Acme',
    certificateId: suspended,
    capabilities: ['read'],
    endpoints: [endpoint('one.example', 'https', 'HEALTHY')],
    version: '2.0.0',
  });
  await createAgent(db, { ...times(3), id: 'c', name: 'Gamma', owner: 'other', certificateId: valid, version: 'x' });
}

const shared = shareTestDatabase({ now: () => now }, fill);

/** Returns the one-letter ids of the agents that a query finds, in ascending order, as one text. */
async function idsOf(query: ResolutionQuery): Promise<string> {
  const { db } = shared();
  const agents = await db.queryAgents({ orderBy: 'id', ...query });
  expect(await db.agents.count(query)).toBe(agents.length);
  return agents.map(({ id }) => id).join('');
}

describe('queryAgents', () => {
  test.each<[string, ResolutionQuery, string]>([
    ['one of several owners, case-sensitive', { owners: ['acme', 'other', 'nobody', 'acme'] }, 'ac'],
    ['an owner and owners that contain it', { owner: 'acme', owners: ['acme', 'Acme'] }, 'a'],
    ['an owner and owners that do not contain it', { owner: 'acme', owners: ['Acme'] }, ''],
    ['one of several names, case-sensitive', { names: ['alpha', 'Gamma', 'Gam'] }, 'bc'],
    ['names and a part of the name', { names: ['alpha', 'Gamma'], name: 'ALPHA' }, 'b'],
    ['40,000 owners', { owners: [...Array.from({ length: 40_000 }, (_, index) => `x${index}`), 'other'] }, 'c'],
    ['createdAfter, strictly', { createdAfter: at(2) }, 'c'],
    ['createdBefore, strictly', { createdBefore: at(2) }, 'a'],
    ['updatedAfter, strictly', { updatedAfter: at(11) }, 'bc'],
    ['updatedBefore, strictly', { updatedBefore: at(13) }, 'ab'],
    ['a range of updatedAt, in its order', { updatedAfter: at(11), updatedBefore: at(13), orderBy: 'updatedAt' }, 'b'],
    ['a range that contains no time', { createdAfter: at(3), createdBefore: at(1) }, ''],
    ['a time that cannot be stored', { createdAfter: new Date(-8.64e15), updatedBefore: new Date(8.64e15) }, 'abc'],
    ['an address', { address: 'one.example' }, 'ab'],
    ['an address in another case', { address: 'ONE.example' }, ''],
    ['a part of an address', { address: 'example' }, ''],
    ['address and protocol of one endpoint', { address: 'two.example', protocol: 'wss' }, 'a'],
    ['an address and a protocol that no endpoint has together', { address: 'two.example', protocol: 'https' }, ''],
    ['address and health of one endpoint', { address: 'one.example', health: ['HEALTHY'] }, 'b'],
    ['the status of the certificate', { certificateStatus: ['VALID'] }, 'ac'],
    ['a status that no certificate has', { certificateStatus: ['REVOKED'] }, ''],
    ['hasEndpoint: true', { hasEndpoint: true }, 'ab'],
    ['hasEndpoint: false', { hasEndpoint: false }, 'c'],
    ['hasEndpoint: false and a protocol', { hasEndpoint: false, protocol: 'https' }, ''],
  ])('queryAgents finds agents by %s', async (_, query, expected) => {
    expect(await idsOf(query)).toBe(expected);
  });

  test.each<[string, ResolutionQuery, string]>([
    ['an owner', { not: { owner: 'acme' } }, 'bc'],
    ['all of its fields', { not: { owner: 'acme', name: 'gamma' } }, 'abc'],
    ['the same field as the query', { owners: ['acme', 'other'], not: { owners: ['other'] } }, 'a'],
    ['capabilities of the query', { capabilities: ['read'], not: { capabilities: ['read', 'write'], allCapabilities: true } }, 'b'], // prettier-ignore
    ['metadata that few agents have', { not: { metadata: { tier: 1 } } }, 'bc'],
    ['metadata of the query', { metadata: { tier: 1 }, not: { metadata: { tier: 2 } } }, 'a'],
    ['a range of versions', { version: '>=1', not: { version: '^1' } }, 'b'],
    ['a version that is not semantic', { not: { version: '>=1' } }, 'c'],
    ['a fingerprint', { not: { fingerprint: 'aa' } }, 'b'],
    ['a fingerprint that no certificate has', { not: { fingerprint: 'ff' } }, 'abc'],
    ['the status of the certificate', { not: { certificateStatus: ['SUSPENDED'] } }, 'ac'],
    ['endpoints', { not: { hasEndpoint: true } }, 'c'],
    ['an endpoint', { not: { protocol: 'https', health: ['HEALTHY'] } }, 'ac'],
    ['expired agents', { not: { includeExpired: false } }, ''],
    ['times', { not: { createdAfter: at(1), updatedBefore: at(13) } }, 'ac'],
    ['ids', { id: 'a', not: { ids: ['a', 'b'] } }, ''],
  ])('queryAgents omits the agents that match the filter `not`: %s', async (_, query, expected) => {
    expect(await idsOf(query)).toBe(expected);
  });

  test.each<ResolutionQuery['not']>([
    { owners: [] },
    { owner: '' },
    { status: [], owner: 'acme' },
    { capabilities: [], allCapabilities: true },
    { id: 'a', ids: ['b'] },
    undefined,
  ])('queryAgents omits no agent when the filter `not` matches nothing: %j', async (not) => {
    expect(await idsOf({ not })).toBe('abc');
    expect(await idsOf({ owner: 'acme', not })).toBe('a');
  });

  test.each<ResolutionQuery>([
    { names: [] },
    { names: [''] },
    { owners: [] },
    { owners: [''] },
    { address: '' },
    { address: '', protocol: 'https' },
    { certificateStatus: [] },
  ])('queryAgents returns no agents when a field is empty: %j', async (query) => {
    expect(await idsOf(query)).toBe('');
  });
});

describe('queryAgents with invalid input', () => {
  test.each([
    ...eachOf('address', valuesBut('text', 'undefined')),
    ...['names', 'owners', 'certificateStatus'].flatMap((field) => eachOf(field, valuesBut('array', 'undefined'))),
    ...['names', 'owners'].flatMap((field) => elementsOf(field, badTexts)),
    ...elementsOf('certificateStatus', [['an unknown one', 'ACTIVE']]),
    ...eachOf('hasEndpoint', [...valuesBut('boolean', 'undefined'), ['the text true', 'true']]),
    ...['createdAfter', 'createdBefore', 'updatedAfter', 'updatedBefore'].flatMap((field) => eachOf(field, notTimes)),
  ])('queryAgents refuses an invalid field, also inside the filter `not`: %s', async (_, fields, field) => {
    const refused = await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'queryAgents', fields));
    expect(refused).toMatchObject({ field });
    const nested = await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'queryAgents', { not: fields }));
    expect(nested).toMatchObject({ field: `not.${field}` });
  });

  test.each<readonly [string, unknown]>([
    ...valuesBut('undefined', 'object'),
    ['no field', {}],
    ['only undefined fields', { owner: undefined }],
    ['only metadata without entries', { metadata: {} }],
    ['only includeExpired: true', { includeExpired: true }],
    ['only allCapabilities', { allCapabilities: true }],
    ['a nested not', { owner: 'acme', not: { owner: 'other' } }],
    ['an order', { owner: 'acme', orderBy: 'name' }],
    ['a limit', { owner: 'acme', limit: 1 }],
    ['an unknown field', { colour: 'red' }],
  ])('queryAgents refuses a filter `not` with %s, even when another field matches nothing', async (_, not) => {
    for (const query of [{ not }, { owner: '', not }]) {
      const error = await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'queryAgents', query));
      expect(error.field).toBe('not');
    }
  });
});
