import type { AgentInput, CertificateInput, DatabaseService, ResolveRequest, ResolveResult } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const nowMs = new Date('2026-06-01').getTime();
const options = { now: () => nowMs };
const at = (offsetMs: number): Date => new Date(nowMs + offsetMs);
const https = { id: 'main', protocol: 'https', address: 'https://agent.example', port: 443 };
const healthOf = (status: 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY' | 'UNKNOWN') => ({ status, lastChecked: at(0) });

/** Returns the id of the resolved agent, or the outcome. */
function chosen(result: ResolveResult | undefined): string | undefined {
  return result?.outcome === 'resolved' ? result.agent.id : result?.outcome;
}

/** Registers agents of the name `n` with these ids; all of them hold the certificate `valid`. */
async function register(db: DatabaseService, agents: Readonly<Record<string, Partial<AgentInput>>>): Promise<void> {
  for (const [id, fields] of Object.entries(agents)) {
    await createAgent(db, { id, name: 'n', certificateId: 'valid', ...fields });
  }
}

async function openWith(agents: Readonly<Record<string, Partial<AgentInput>>>): Promise<DatabaseService> {
  const { db } = await openTestDatabase(options);
  await createCertificate(db, { id: 'valid' });
  await register(db, agents);
  return db;
}

describe('resolve', () => {
  test('resolve returns the agent with its certificate and its endpoint', async () => {
    const db = await openWith({ a: { endpoints: [https], capabilities: ['translate'], version: '1.2.0' } });
    const required = { version: '^1.0.0', protocol: 'https', capabilities: ['translate'] };
    const result = await db.resolve({ name: 'n', owner: 'test-owner', ...required });
    const agent = await db.getAgent('a');
    expect(result).toEqual({
      outcome: 'resolved',
      agent,
      certificate: await db.getCertificate('valid'),
      endpoint: agent?.endpoints[0],
      ttlSeconds: 300,
    });
  });

  test('resolve runs one statement', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const request = { name: 'n', version: '1.x', capabilities: ['a', 'b'] };
    expect(await statementsOf(() => db.resolve(request))).toHaveLength(1);
    expect(await statementsOf(() => db.resolveMany([{ name: 'n' }, { name: 'm' }]))).toHaveLength(1);
  });

  test('resolve in a transaction sees the changes of the transaction', async () => {
    const db = await openWith({});
    await db.transaction(async (tx) => {
      await tx.agents.create({
        id: 'a',
        name: 'n',
        version: '1.0.0',
        owner: 'o',
        publicKey: 'k',
        certificateId: 'valid',
      });
      expect(chosen(await tx.resolve({ name: 'n' }))).toBe('a');
      expect(chosen(await db.resolve({ name: 'n' }))).toBe('not-found');
    });
  });

  test.each<[string, Partial<CertificateInput>, Partial<AgentInput>, string]>([
    ['the agent expires now', {}, { expiresAt: at(0) }, 'not-found'],
    ['the agent expires in a millisecond', {}, { expiresAt: at(1) }, 'a'],
    ['the agent is SUSPENDED', {}, { status: 'SUSPENDED' }, 'not-found'],
    ['the agent is REVOKED', {}, { status: 'REVOKED' }, 'not-found'],
    ['the agent is EXPIRED', {}, { status: 'EXPIRED' }, 'not-found'],
    ['the agent is DEPRECATED', {}, { status: 'DEPRECATED' }, 'not-found'],
    ['the certificate ends now', { notAfter: at(0) }, {}, 'not-found'],
    ['the certificate ends in a millisecond', { notAfter: at(1) }, {}, 'a'],
    ['the certificate begins now', { notBefore: at(0) }, {}, 'a'],
    ['the certificate begins in a millisecond', { notBefore: at(1) }, {}, 'not-found'],
    ['the certificate is SUSPENDED', { status: 'SUSPENDED' }, {}, 'not-found'],
    ['the certificate is EXPIRED', { status: 'EXPIRED' }, {}, 'not-found'],
    ['the certificate is REVOKED', { status: 'REVOKED' }, {}, 'not-found'],
  ])('resolve returns the right outcome when %s', async (_, certificate, agent, outcome) => {
    const db = await openWith({});
    const certificateId = await createCertificate(db, certificate);
    await register(db, { a: { certificateId, ...agent } });
    expect(chosen(await db.resolve({ name: 'n' }))).toBe(outcome);
  });

  test('resolve accepts DEPRECATED agents with allowDeprecated, and prefers ACTIVE agents', async () => {
    const db = await openWith({ old: { status: 'DEPRECATED', version: '2.0.0' } });
    expect(chosen(await db.resolve({ name: 'n', allowDeprecated: true }))).toBe('old');
    await register(db, { active: { version: '1.0.0' } });
    expect(chosen(await db.resolve({ name: 'n', allowDeprecated: true }))).toBe('active');
    expect(chosen(await db.resolve({ name: 'n', allowDeprecated: true, version: '2.0.0' }))).toBe('old');
  });

  test('resolve compares the name exactly', async () => {
    const db = await openWith({ a: {} });
    expect(chosen(await db.resolve({ name: 'N' }))).toBe('not-found');
    expect(chosen(await db.resolve({ name: 'n ' }))).toBe('not-found');
  });

  test.each([1, 2, 4, 5, 9])(
    'resolve finds an agent only if it has all of %s requested capabilities',
    async (count) => {
      const names = Array.from({ length: count }, (_, index) => `capability ${index}`);
      const db = await openWith({ all: { capabilities: names }, other: { capabilities: names.slice(1) } });
      expect(chosen(await db.resolve({ name: 'n', capabilities: [...names, ...names].reverse() }))).toBe('all');
      expect(chosen(await db.resolve({ name: 'n', capabilities: [...names, 'absent'] }))).toBe('not-found');
    },
  );

  test('resolve returns an ambiguous outcome when agents of several owners match and the request names no owner', async () => {
    const db = await openWith({ b: { owner: 'b' }, a: { owner: 'a', version: '2.0.0' }, a2: { owner: 'a' } });
    await register(db, { c: { owner: 'c', status: 'SUSPENDED' } });
    expect(await db.resolve({ name: 'n' })).toEqual({ outcome: 'ambiguous', owners: ['a', 'b'] });
    expect(await db.resolve({ name: 'n', version: '2.0.0' })).toEqual({ outcome: 'ambiguous', owners: ['a', 'b'] });
    expect(chosen(await db.resolve({ name: 'n', owner: 'b' }))).toBe('b');
    expect(await db.resolve({ name: 'n', owner: 'c' })).toEqual({ outcome: 'not-found' });
  });

  test('resolve lists the versions of the usable agents when none has the requested version', async () => {
    const db = await openWith({ a: { version: '1.10.0' }, b: { version: '1.9.0' }, c: { version: 'latest' } });
    await register(db, { d: { version: '1.9.0' }, e: { version: '2.0.0', status: 'SUSPENDED' } });
    const versions = ['1.10.0', '1.9.0', 'latest'];
    expect(await db.resolve({ name: 'n', version: '^2.0.0' })).toEqual({ outcome: 'no-version', versions });
    expect(chosen(await db.resolve({ name: 'n', version: 'latest' }))).toBe('c');
  });

  test('resolve lists at most 100 versions, the highest ones', async () => {
    const db = await openWith({});
    const agents = Array.from({ length: 103 }, (_, minor) => ({ name: 'n', version: `1.${minor}.0` }));
    const rest = { owner: 'o', publicKey: 'k', certificateId: 'valid' };
    await db.agents.createMany(agents.map((agent) => ({ ...agent, ...rest })));
    const versions = Array.from({ length: 100 }, (_, index) => `1.${102 - index}.0`);
    expect(await db.resolve({ name: 'n', version: '2.x' })).toEqual({ outcome: 'no-version', versions });
  });

  test('resolve lists the accepted versions when their agents have no acceptable endpoint', async () => {
    const db = await openWith({ a: { version: '1.0.0', endpoints: [https] }, b: { version: '2.0.0' } });
    const missing = { outcome: 'no-endpoint', versions: ['2.0.0', '1.0.0'] };
    expect(await db.resolve({ name: 'n', protocol: 'wss' })).toEqual(missing);
    expect(await db.resolve({ name: 'n', protocol: 'https', version: '2.x' })).toEqual({
      outcome: 'no-endpoint',
      versions: ['2.0.0'],
    });
    // Only the lower version has an endpoint of the protocol.
    expect(chosen(await db.resolve({ name: 'n', protocol: 'https' }))).toBe('a');
  });

  test('resolve returns an agent and no endpoint when the request has no protocol', async () => {
    const db = await openWith({ a: {} });
    const result = await db.resolve({ name: 'n' });
    expect(chosen(result)).toBe('a');
    expect(result).not.toHaveProperty('endpoint');
  });

  test('resolve accepts UNHEALTHY endpoints only with allowUnhealthy', async () => {
    const db = await openWith({ a: { endpoints: [{ ...https, health: healthOf('UNHEALTHY') }] } });
    expect(await db.resolve({ name: 'n' })).toEqual({ outcome: 'no-endpoint', versions: ['1.0.0'] });
    expect(await db.resolve({ name: 'n', allowUnhealthy: true })).toMatchObject({ endpoint: { id: 'main' } });
  });

  test('resolve prefers the healthiest endpoint, and then the first one of the agent', async () => {
    const db = await openWith({});
    const endpoints = (['UNHEALTHY', 'UNKNOWN', 'DEGRADED', 'HEALTHY', 'HEALTHY'] as const).map((status, index) => ({
      ...https,
      id: `${9 - index}`,
      health: healthOf(status),
    }));
    await register(db, { a: { endpoints } });
    const order: (string | undefined)[] = [];
    for (const remaining of [endpoints, endpoints.slice(0, 3), endpoints.slice(0, 2), endpoints.slice(0, 1)]) {
      await db.updateAgent({ id: 'a', endpoints: remaining });
      const result = await db.resolve({ name: 'n', allowUnhealthy: true, protocol: 'https' });
      order.push(result.outcome === 'resolved' ? result.endpoint?.id : result.outcome);
    }
    expect(order).toEqual(['6', '7', '8', '9']);
  });

  test.each<[string, string[], string | undefined, string]>([
    ['the highest version', ['1.9.0', '1.10.0', '1.2.0'], undefined, '1.10.0'],
    ['a release before a higher prerelease', ['2.0.0-rc.1', '1.0.0'], undefined, '1.0.0'],
    ['the highest prerelease without a release', ['2.0.0-rc.2', '2.0.0-rc.10', '1.0.0-rc'], undefined, '2.0.0-rc.10'],
    ['a prerelease before a version that is not semantic', ['latest', '1.0.0-rc'], undefined, '1.0.0-rc'],
    ['the highest version of a range of prereleases', ['2.0.0-rc.1', '1.0.0'], '>=1.0.0 || >=2.0.0-rc.0', '2.0.0-rc.1'],
    ['no prerelease for a range without one', ['2.1.0-rc.1', '2.0.0'], '^2.0.0', '2.0.0'],
  ])('resolve chooses %s', async (_, versions, version, expected) => {
    const db = await openWith(Object.fromEntries(versions.map((text) => [text, { version: text }])));
    const request: ResolveRequest = version === undefined ? { name: 'n' } : { name: 'n', version };
    expect(chosen(await db.resolve(request))).toBe(expected);
  });

  test('resolve chooses the last updated agent of equal versions, and then the lowest id', async () => {
    const db = await openWith({ b: { updatedAt: at(-5) }, a: { updatedAt: at(-5) }, c: { updatedAt: at(-9) } });
    expect(chosen(await db.resolve({ name: 'n' }))).toBe('a');
    await db.agents.setMetadata('c', { changed: true });
    expect(chosen(await db.resolve({ name: 'n' }))).toBe('c');
  });

  test.each([
    ['300 seconds', 301_000, 400_000, 300],
    ['the time to the end of the agent, rounded down', 10_999, 400_000, 10],
    ['the time to the end of the certificate, rounded down', 400_000, 999, 0],
  ])('resolve sets ttlSeconds to at most %s', async (_, agentMs, certificateMs, ttlSeconds) => {
    const db = await openWith({});
    const certificateId = await createCertificate(db, { notAfter: at(certificateMs) });
    await register(db, { a: { certificateId, expiresAt: at(agentMs) } });
    expect(await db.resolve({ name: 'n' })).toMatchObject({ ttlSeconds });
  });

  test('resolve finds an agent by the parts of a protocol://agent.capability.provider name', async () => {
    const db = await openWith({});
    const parts = { name: 'translator', owner: 'acme.example', version: '1.2.3', capabilities: ['translate'] };
    await register(db, { a: parts, b: { ...parts, owner: 'other' }, c: { ...parts, version: '2.0.0' } });
    const agentName = 'a2a://translator.translate.acme.example.v1.2';
    expect(chosen(await db.resolve({ agentName }))).toBe('a');
    expect(chosen(await db.resolve({ agentName: 'a2a://translator.other.acme.example.v1.2' }))).toBe('not-found');
    const error = await expectError('INVALID_INPUT', () => callUntyped(db, 'resolve', { agentName, owner: 'x' }));
    expect(error).toMatchObject({ field: 'owner', operation: 'resolve' });
  });

  test('resolve finds an agent by the version and host of an ans:// name', async () => {
    const db = await openWith({ a: { name: 'agent.example.com', version: '1.2.3', owner: 'a' } });
    const agentName = 'ans://v1.2.3.agent.example.com';
    expect(chosen(await db.resolve({ agentName }))).toBe('a');
    await register(db, { b: { name: 'agent.example.com', version: '1.2.3', owner: 'b' } });
    expect(chosen(await db.resolve({ agentName }))).toBe('ambiguous');
    expect(chosen(await db.resolve({ agentName, owner: 'b' }))).toBe('b');
  });
});

describe('resolveMany', () => {
  const shared = shareTestDatabase(options, async ({ db }) => {
    await createCertificate(db, { id: 'valid' });
    await register(db, { a: { version: '1.0.0' }, b: { version: '2.0.0' }, m: { name: 'm', capabilities: ['x'] } });
  });

  test('resolveMany returns the result of resolve for each request, in the order of the requests', async () => {
    const { db } = shared();
    const requests: ResolveRequest[] = [
      { name: 'n', version: '1.x' },
      { name: 'unknown' },
      { name: 'm', capabilities: ['x'] },
      { name: 'n' },
      { name: 'm', capabilities: ['y'] },
      { name: 'n', version: '3.x' },
      { name: 'n', protocol: 'https' },
    ];
    const results = await db.resolveMany(requests);
    expect(results.map(chosen)).toEqual(['a', 'not-found', 'm', 'b', 'not-found', 'no-version', 'no-endpoint']);
    for (const [index, request] of requests.entries()) expect(results[index]).toEqual(await db.resolve(request));
  });

  test('resolveMany accepts 0 to 1,000 requests and returns an empty array for none', async () => {
    const { db } = shared();
    expect(await db.resolveMany([])).toEqual([]);
    const requests = Array.from({ length: 1000 }, (_, index) => ({ name: index % 2 === 0 ? 'n' : 'unknown' }));
    const outcomes = (await db.resolveMany(requests)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(requests.map((_, index) => (index % 2 === 0 ? 'resolved' : 'not-found')));
    await expectError('INVALID_INPUT', () => db.resolveMany([...requests, { name: 'n' }]));
  });

  test('resolveMany refuses all requests when one is invalid, and its error names that request', async () => {
    const error = await expectError('INVALID_INPUT', () => shared().db.resolveMany([{ name: 'n' }, { name: '' }]));
    expect(error).toMatchObject({ field: 'requests[1].name', operation: 'resolveMany' });
  });

  test.each<[string, object]>([
    ['name', {}],
    ['name', { name: '' }],
    ['owner', { name: 'n', owner: '' }],
    ['version', { name: 'n', version: '' }],
    ['protocol', { name: 'n', protocol: '' }],
    ['capabilities', { name: 'n', capabilities: [] }],
    ['capabilities[1]', { name: 'n', capabilities: ['x', ''] }],
    ['allowDeprecated', { name: 'n', allowDeprecated: 1 }],
    ['allowUnhealthy', { name: 'n', allowUnhealthy: 'yes' }],
    ['agentName', { agentName: 'translator' }],
    ['name', { name: 'n', agentName: 'ans://v1.host' }],
    ['request', { name: 'n', unknown: 1 }],
  ])('resolve refuses an invalid %s', async (field, request) => {
    const error = await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'resolve', request));
    expect(error).toMatchObject({ field });
  });
});
