import type { AgentInput, ResolutionQuery } from '../../src';
import { createAgent, createCertificate } from '../support/factories';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.000Z');
const day = 24 * 60 * 60 * 1000;

/** By code point "\uFFFD" comes before "😀", by UTF-16 unit after it. */
const agents: readonly Partial<AgentInput>[] = [
  { id: 'a', name: 'b', owner: '😀', status: 'SUSPENDED', createdAt: new Date(3), expiresAt: new Date(now + day) },
  { id: 'B', name: 'a', owner: '\uFFFD', status: 'ACTIVE', createdAt: new Date(-1), expiresAt: new Date(now) },
  { id: 'é', name: 'B', owner: 'z', status: 'REVOKED', createdAt: new Date(0), expiresAt: new Date(now + 1) },
  { id: '\uFFFD', name: 'b', owner: 'Z', status: 'EXPIRED', createdAt: new Date(3), expiresAt: new Date(now + 2) },
  { id: '😀', name: 'b', owner: 'z', status: 'DEPRECATED', createdAt: new Date(2), expiresAt: new Date(now - 1) },
];

async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  const updated = [5, 4, 4, 9, 4];
  for (const [index, agent] of agents.entries()) {
    await createAgent(db, { ...agent, certificateId, updatedAt: new Date(updated[index] ?? 0) });
  }
}

const shared = shareTestDatabase({ now: () => now }, fill);

async function idsOf(query: ResolutionQuery): Promise<string> {
  return (await shared().db.queryAgents(query)).map(({ id }) => id).join(' ');
}

describe('The order of queryAgents', () => {
  test('is by updatedAt, newest first, with ties broken by id', async () => {
    expect(await idsOf({})).toBe('\uFFFD a B é 😀');
    expect(await idsOf({ orderDirection: 'desc' })).toBe('\uFFFD a B é 😀');
    expect(await idsOf({ orderDirection: 'asc' })).toBe('B é 😀 a \uFFFD');
  });

  test.each<[NonNullable<ResolutionQuery['orderBy']>, string, string]>([
    ['id', 'B a é \uFFFD 😀', '😀 \uFFFD é a B'],
    ['name', 'é B a \uFFFD 😀', 'a \uFFFD 😀 B é'],
    ['owner', '\uFFFD é 😀 B a', 'a B é 😀 \uFFFD'],
    ['status', 'B 😀 \uFFFD é a', 'a é \uFFFD 😀 B'],
    ['createdAt', 'B é 😀 a \uFFFD', 'a \uFFFD 😀 é B'],
    ['updatedAt', 'B é 😀 a \uFFFD', '\uFFFD a B é 😀'],
    ['expiresAt', '😀 B é \uFFFD a', 'a \uFFFD é B 😀'],
    ['created_at', 'B é 😀 a \uFFFD', 'a \uFFFD 😀 é B'],
    ['updated_at', 'B é 😀 a \uFFFD', '\uFFFD a B é 😀'],
    ['expires_at', '😀 B é \uFFFD a', 'a \uFFFD é B 😀'],
  ])('by %s is ascending by default, with ties broken by ascending id', async (orderBy, upwards, downwards) => {
    expect(await idsOf({ orderBy })).toBe(upwards);
    expect(await idsOf({ orderBy, orderDirection: 'asc' })).toBe(upwards);
    expect(await idsOf({ orderBy, orderDirection: 'desc' })).toBe(downwards);
  });

  test('is the same with filters', async () => {
    expect(await idsOf({ orderBy: 'createdAt', name: 'b', ids: ['a', '\uFFFD', 'é'] })).toBe('é a \uFFFD');
    expect(await idsOf({ name: 'B', orderDirection: 'asc' })).toBe('é 😀 a \uFFFD');
  });
});

describe('queryAgents', () => {
  test.each<[string, ResolutionQuery, string]>([
    ['returns expired agents by default', {}, 'B a é \uFFFD 😀'],
    ['returns expired agents with includeExpired: true', { includeExpired: true }, 'B a é \uFFFD 😀'],
    ['omits expired agents and agents that expire now with includeExpired: false', { includeExpired: false }, 'a é'],
    ['compares expiresBefore strictly', { expiresBefore: new Date(now + 1) }, 'B 😀'],
    ['compares expiresAfter strictly', { expiresAfter: new Date(now + 1) }, 'a \uFFFD'],
    [
      'matches the span between expiresAfter and expiresBefore',
      { expiresAfter: new Date(now - 1), expiresBefore: new Date(now + 2) },
      'B é',
    ],
    ['matches nothing in an empty span', { expiresAfter: new Date(now), expiresBefore: new Date(now) }, ''],
    ['accepts an expiresBefore after the last storable time', { expiresBefore: new Date(8.64e15) }, 'B a é \uFFFD 😀'],
    ['accepts an expiresAfter before the first storable time', { expiresAfter: new Date(-8.64e15) }, 'B a é \uFFFD 😀'],
    ['combines expiry with other fields', { includeExpired: false, owner: 'z' }, 'é'],
  ])('%s', async (_, query, expected) => {
    expect(await idsOf({ orderBy: 'id', ...query })).toBe(expected);
  });

  test('compares expiry with the clock at the time of the query', async () => {
    let time = now;
    const { db } = await openTestDatabase({ now: () => time });
    await createAgent(db, { expiresAt: new Date(now + 1) });
    expect(await db.queryAgents({ includeExpired: false })).toHaveLength(1);
    time += 1;
    expect(await db.queryAgents({ includeExpired: false })).toHaveLength(0);
    expect((await db.queryAgents({}))[0]?.status).toBe('ACTIVE');
  });
});
