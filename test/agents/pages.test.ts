import type { AgentOrderField, AgentRecord, DatabaseService, ResolutionQuery } from '../../src';
import { agentInput, createAgents, createCertificate } from '../support/factories';
import { callUntyped, expectError } from '../support/expect-error';
import { allPages } from '../support/pages';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const versions = ['1.10.0', 'not semantic', '1.2.0', '1.2.0-rc.1', 'nor this', '1.2.0'];
const day = 24 * 60 * 60 * 1000;

async function fill(db: DatabaseService): Promise<void> {
  const certificateId = await createCertificate(db);
  const agents = Array.from({ length: 60 }, (_, index) =>
    agentInput({
      id: `agent-${String((index * 37) % 60).padStart(2, '0')}`,
      certificateId,
      name: `Name ${index % 5}`,
      version: versions[index % versions.length] ?? '',
      owner: `owner-${index % 3}`,
      status: index % 4 === 0 ? 'SUSPENDED' : 'ACTIVE',
      createdAt: new Date(index * day),
      updatedAt: new Date(Math.floor(index / 7) * day),
      expiresAt: new Date((index % 11) * day),
    }),
  );
  await db.agents.createMany(agents);
}

/** Returns ids in ascending order: `a0000`, `a0001` and so on. */
function paddedIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `a${String(index).padStart(4, '0')}`);
}

const shared = shareTestDatabase({}, ({ db }) => fill(db));

const fields = ['id', 'name', 'version', 'owner', 'status', 'createdAt', 'updatedAt', 'expiresAt'] as const;
const orders = fields.flatMap((orderBy: AgentOrderField) => [[orderBy, 'asc'] as const, [orderBy, 'desc'] as const]);

describe('agents.page', () => {
  test.each(orders)(
    'agents.page returns every agent once, in the order of the query: %s %s',
    async (orderBy, direction) => {
      const { db } = shared();
      const query = { orderBy, orderDirection: direction };
      const whole = await db.agents.query(query);
      expect(whole).toHaveLength(60);
      const pagesOf = (more: ResolutionQuery, size: number) =>
        allPages((page) => db.agents.page({ ...query, ...more }, page), size);
      for (const size of orderBy === 'id' ? [7, 60, 61] : [7]) expect(await pagesOf({}, size)).toEqual(whole);
      expect(await db.agents.query({ ...query, limit: 20, offset: 25 })).toEqual(whole.slice(25, 45));
      const active = whole.filter(({ status }) => status === 'ACTIVE');
      expect(await pagesOf({ status: ['ACTIVE'] }, 12)).toEqual(active);
      expect(await pagesOf({ status: ['ACTIVE', 'SUSPENDED', 'REVOKED'] }, 21)).toEqual(whole);
      const owned = whole.filter(({ owner }) => owner === 'owner-1');
      expect(await pagesOf({ owner: 'owner-1' }, 7)).toEqual(owned);
    },
  );

  test('agents.page returns the same agents as query, with 60 agents on one page by default', async () => {
    const { db } = shared();
    const { items, nextCursor } = await db.agents.page();
    expect(items).toEqual(await db.agents.query());
    expect(nextCursor).toBeUndefined();
    const query: ResolutionQuery = { owner: 'owner-1', name: 'NAME', status: ['ACTIVE'] };
    expect(await allPages((page) => db.agents.page(query, page), 4)).toEqual(await db.agents.query(query));
    expect(await db.agents.page({ owner: '' })).toEqual({ items: [] });
  });

  test('agents.page accepts a cursor only with an equal query, whatever the order of the fields', async () => {
    const { db } = shared();
    const query: ResolutionQuery = { owner: 'owner-1', status: ['ACTIVE'], orderBy: 'name' };
    const { nextCursor } = await db.agents.page(query, { size: 2 });
    const others: ResolutionQuery[] = [
      {},
      { ...query, owner: 'owner-2' },
      { ...query, orderDirection: 'desc' },
      { ...query, orderBy: 'id' },
      { ...query, name: 'x' },
      { ...query, not: { name: 'x' } },
    ];
    for (const other of others) {
      const error = await expectError('INVALID_INPUT', () => db.agents.page(other, { after: nextCursor }));
      expect(error.field).toBe('after');
    }
    const same: ResolutionQuery = { orderBy: 'name', status: ['ACTIVE'], owner: 'owner-1' };
    expect(await db.agents.page(same, { after: nextCursor, size: 2 })).toEqual(
      await db.agents.page(query, { after: nextCursor, size: 2 }),
    );
  });

  test.each([
    ['a cursor that no page returned', [{}, { after: 'abc' }]],
    ['an empty cursor', [{}, { after: '' }]],
    ['a cursor that is not a string', [{}, { after: 5 }]],
    ['a size of 0', [{}, { size: 0 }]],
    ['a size of 1001', [{}, { size: 1001 }]],
    ['an unknown field of the page', [{}, { limit: 5 }]],
    ['a limit', [{ limit: 5 }]],
    ['an offset', [{ offset: 0 }]],
    ['an unknown filter', [{ unknown: 1 }]],
  ])('agents.page refuses %s', async (_, args) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db.agents, 'page', ...args));
  });
});

test('agents.page returns each remaining agent once while other agents are deleted and inserted', async () => {
  const { db } = await openTestDatabase();
  const ids = await createAgents(db, paddedIds(30));
  const query: ResolutionQuery = { orderBy: 'id' };
  const first = await db.agents.page(query, { size: 10 });
  await db.agents.deleteMany(['a0003', 'a0009', 'a0015']);
  await createAgents(db, ['a0005a', 'a0015a']);
  const second = await db.agents.page(query, { size: 10, after: first.nextCursor });
  expect(second.items.map(({ id }) => id)).toEqual([...ids.slice(10, 15), 'a0015a', ...ids.slice(16, 20)]);
});

describe('agents.iterate', () => {
  test('agents.iterate yields every agent once, in the order of the query', async () => {
    const { db } = shared();
    const query: ResolutionQuery = { orderBy: 'version', owner: 'owner-2' };
    const records: AgentRecord[] = [];
    for await (const record of db.agents.iterate(query)) records.push(record);
    expect(records).toEqual(await db.agents.query(query));
  });

  test.each<[string, ResolutionQuery, (ids: readonly string[]) => readonly string[]]>([
    ['in the order of the ids by default', {}, (ids) => ids],
    ['in descending order of the ids with only a direction', { orderDirection: 'desc' }, (ids) => [...ids].reverse()],
  ])('agents.iterate yields each agent once while agents change: %s', async (_name, query, order) => {
    const { db } = await openTestDatabase();
    const ids = await createAgents(db, paddedIds(1200));
    const seen: string[] = [];
    for await (const { id } of db.agents.iterate(query)) {
      seen.push(id);
      // Changes agents that were already yielded, and agents that are still to come on this page and on later pages.
      if (seen.length % 200 !== 1) continue;
      for (const index of [0, 599, 1199]) await db.agents.setMetadata(ids[index] ?? '', { round: seen.length });
    }
    expect(seen).toEqual(order(ids));
  });

  test('agents.iterate runs one statement in an empty database', async () => {
    const { db, statementsOf } = await openTestDatabase();
    await db.agents.count();
    const statements = await statementsOf(async () => {
      for await (const record of db.agents.iterate()) expect(record).toBeUndefined();
    });
    expect(statements).toHaveLength(1);
  });

  test('agents.iterate reads no further page after the loop ends early', async () => {
    const { db, statementsOf } = await openTestDatabase();
    await createAgents(db, paddedIds(1001));
    const query: ResolutionQuery = { orderBy: 'id' };
    const iterator = db.agents.iterate(query);
    const untilFirst = await statementsOf(async () => {
      for await (const record of iterator) {
        expect(record.id).toBe('a0000');
        break;
      }
    });
    expect(untilFirst).toHaveLength(1);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect((await db.agents.page(query)).items).toHaveLength(100);
    const longest = await db.agents.page(query, { size: 1000 });
    expect(longest.items).toHaveLength(1000);
    const last = await db.agents.page(query, { size: 1000, after: longest.nextCursor });
    expect([last.items.map(({ id }) => id), last.nextCursor]).toEqual([['a1000'], undefined]);
  });

  test.each([[{ limit: 1 }], [{ offset: 1 }], [{ unknown: 1 }]])(
    'agents.iterate refuses the query %j',
    async (query) => {
      const iterator = shared().db.agents.iterate(query as ResolutionQuery);
      await expectError('INVALID_INPUT', () => iterator.next());
    },
  );
});

describe('agents.count', () => {
  test('agents.count counts the matching agents, regardless of limit, offset and maxResults', async () => {
    const { db } = await openTestDatabase({ maxResults: 1 });
    await fill(db);
    expect(await db.agents.count()).toBe(60);
    expect(await db.agents.count({ limit: 1, offset: 70 })).toBe(60);
    expect(await db.agents.count({ owner: 'owner-1' })).toBe(20);
    expect(await db.agents.count({ owner: '' })).toBe(0);
  });
});

describe('agents.getMany', () => {
  test('agents.getMany returns the agents in the order of the given ids, with null for each absent agent', async () => {
    const { db, statementsOf } = shared();
    const ids = ['agent-07', 'absent', 'agent-03', 'agent-07'];
    const statements = await statementsOf(async () => {
      const records = await db.agents.getMany(ids);
      expect(records).toMatchObject([{ id: 'agent-07' }, null, { id: 'agent-03' }, { id: 'agent-07' }]);
      expect(records[2]).toEqual(await db.getAgent('agent-03'));
    });
    expect(statements).toHaveLength(2);
    expect(await db.agents.getMany([])).toEqual([]);
  });

  test.each([['agent-01'], [[1]], [['']], [null]])('agents.getMany refuses %j', async (ids) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db.agents, 'getMany', ids));
  });
});
