import type { AgentInput, ResolutionQuery } from '../../src';
import { expectError } from '../support/expect-error';
import { createAgent, createAgents } from '../support/factories';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.000Z');
const day = 24 * 60 * 60 * 1000;

/** Agents to sort. "\uFFFD" comes before "😀" in the order of code points, and after it in the order of UTF-16 units. */
const agents: readonly Partial<AgentInput>[] = [
  { id: 'a', name: 'b', owner: '😀', status: 'SUSPENDED', createdAt: new Date(3), expiresAt: new Date(now + day) },
  { id: 'B', name: 'a', owner: '\uFFFD', status: 'ACTIVE', createdAt: new Date(-1), expiresAt: new Date(now) },
  { id: 'é', name: 'B', owner: 'z', status: 'REVOKED', createdAt: new Date(0), expiresAt: new Date(now + 1) },
  { id: '\uFFFD', name: 'b', owner: 'Z', status: 'EXPIRED', createdAt: new Date(3), expiresAt: new Date(now + 2) },
  { id: '😀', name: 'b', owner: 'z', status: 'DEPRECATED', createdAt: new Date(2), expiresAt: new Date(now - 1) },
];

const updatedAt = [5, 4, 4, 9, 4];
const shared = shareTestDatabase({ now: () => now }, async ({ db }) => {
  for (const [index, agent] of agents.entries()) {
    await createAgent(db, { ...agent, updatedAt: new Date(updatedAt[index] ?? 0) });
  }
});

async function idsOf(query: ResolutionQuery): Promise<string> {
  return (await shared().db.queryAgents(query)).map(({ id }) => id).join(' ');
}

describe('order of agents', () => {
  test('queryAgents sorts by descending updatedAt by default, then by ascending id', async () => {
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
  ])(
    'queryAgents sorts by %s in ascending order by default, then by ascending id',
    async (orderBy, upwards, downwards) => {
      expect(await idsOf({ orderBy })).toBe(upwards);
      expect(await idsOf({ orderBy, orderDirection: 'asc' })).toBe(upwards);
      expect(await idsOf({ orderBy, orderDirection: 'desc' })).toBe(downwards);
    },
  );

  test('queryAgents returns agents in the same order with and without filters', async () => {
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
  ])('queryAgents %s', async (_, query, expected) => {
    expect(await idsOf({ orderBy: 'id', ...query })).toBe(expected);
  });

  test('queryAgents compares expiresAt with the time at which the query runs', async () => {
    let time = now;
    const { db } = await openTestDatabase({ now: () => time });
    await createAgent(db, { expiresAt: new Date(now + 1) });
    expect(await db.queryAgents({ includeExpired: false })).toHaveLength(1);
    time += 1;
    expect(await db.queryAgents({ includeExpired: false })).toHaveLength(0);
    expect((await db.queryAgents({}))[0]?.status).toBe('ACTIVE');
  });
});

describe('queryAgents with limit, offset and maxResults', () => {
  const maxResults = 10;
  const numbers = Array.from({ length: 25 }, (_, index) => String(index).padStart(2, '0'));
  const some = shareTestDatabase({ maxResults }, ({ db }) =>
    createAgents(db, numbers, (_, index) => ({ updatedAt: new Date(0), owner: index < maxResults ? 'few' : 'many' })),
  );

  test.each([
    [{ limit: 3 }, ['00', '01', '02']],
    [{ limit: 3, offset: 23 }, ['23', '24']],
    [{ limit: 3, offset: 25 }, []],
    [{ limit: 0 }, []],
    [{ offset: 22 }, ['22', '23', '24']],
    [{ limit: Number.MAX_SAFE_INTEGER, offset: 23 }, ['23', '24']],
    [{ limit: 1, offset: Number.MAX_SAFE_INTEGER }, []],
  ])('queryAgents returns the range that limit and offset select: %j', async (range, expected) => {
    const agents = await some().db.queryAgents({ orderBy: 'id', ...range });
    expect(agents.map(({ id }) => id)).toEqual(expected);
  });

  test.each<[ResolutionQuery, number]>([
    [{ limit: 25 }, 25],
    [{ limit: Number.MAX_SAFE_INTEGER }, 25],
    [{ owner: 'many', limit: 12 }, 12],
    [{ owner: 'few' }, maxResults],
    [{ offset: 15 }, maxResults],
    [{ offset: 15, orderBy: 'version' }, maxResults],
  ])('queryAgents returns more than maxResults agents only when limit allows more: %j', async (query, count) => {
    expect(await some().db.queryAgents(query)).toHaveLength(count);
  });

  test.each<ResolutionQuery>([{}, { offset: 14 }, { offset: 14, orderBy: 'version' }, { owner: 'many' }])(
    'queryAgents fails with RESULT_TOO_LARGE when more than maxResults agents remain after the offset: %j',
    async (query) => {
      const error = await expectError('RESULT_TOO_LARGE', () => some().db.queryAgents(query));
      expect(error).toMatchObject({ operation: 'agents.query', retryable: false });
    },
  );

  test('queryAgents fails with RESULT_TOO_LARGE when maxResults is 0 and an agent exists', async () => {
    const { db } = await openTestDatabase({ maxResults: 0 });
    expect(await db.queryAgents({})).toEqual([]);
    await createAgent(db);
    await expectError('RESULT_TOO_LARGE', () => db.queryAgents({}));
  });
});
