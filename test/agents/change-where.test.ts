import { newsOf } from '../certificates/feed';
import { callUntyped, expectRefused } from '../support/expect-error';
import { agentIds, createAgent, createAgents, createCertificate, wholeAgent } from '../support/factories';
import { rawCounts } from '../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Opens a database with `count` agents of the owner `one` and one agent of the owner `two`. */
async function openAgents(count: number): Promise<TestDatabase> {
  const database = await openTestDatabase();
  const certificateId = await createCertificate(database.db, { id: 'c' });
  const agent = wholeAgent({ certificateId, owner: 'one', status: 'ACTIVE' });
  await createAgents(database.db, agentIds(count), (id) => ({ ...agent, id }));
  await createAgent(database.db, { id: 'other', certificateId, owner: 'two' });
  return database;
}

describe('agents.updateWhere', () => {
  test('updateWhere changes all matching agents and adds their changes to the change feed', async () => {
    const database = await openAgents(3);
    const { agents } = database.db;
    const before = await agents.get('agent-0');
    const news = await newsOf(database, async () => {
      const patch = { description: null, capabilities: ['new'], endpoints: [{ protocol: 'x', address: 'y', port: 1 }] };
      expect(await agents.updateWhere({ owner: 'one' }, patch, { expect: 3 })).toBe(3);
    });
    expect(news.sort()).toEqual(['AGENT agent-0 UPDATED', 'AGENT agent-1 UPDATED', 'AGENT agent-2 UPDATED']);
    const after = await agents.query({ owner: 'one' });
    for (const agent of after) expect(agent).toMatchObject({ capabilities: ['new'], metadata: before?.metadata });
    expect(new Set(after.map(({ endpoints }) => endpoints[0]?.id)).size).toBe(3);
    expect(after.every(({ updatedAt }) => updatedAt.getTime() > (before?.updatedAt.getTime() ?? Infinity))).toBe(true);
    expect(await agents.get('other')).not.toMatchObject({ capabilities: ['new'] });
  });

  test('updateWhere changes several batches of agents with the same statements for each batch', async () => {
    const { db, statementsOf } = await openTestDatabase();
    await createAgents(db, agentIds(600));
    const count = (ids: string[] | undefined) =>
      statementsOf(() => db.agents.updateWhere({ ...(ids && { ids }), status: ['ACTIVE'] }, { description: 'd' }));
    const one = await count(['agent-0']);
    const all = await count(undefined);
    expect(all.length).toBeLessThanOrEqual(2 * one.length + 2);
    expect(await db.getAgent('agent-599')).toMatchObject({ description: 'd' });
  });

  test('updateWhere changes nothing when one agent cannot be changed or when the number of matches is unexpected', async () => {
    const database = await openAgents(3);
    const { agents } = database.db;
    await agents.setStatus('agent-1', 'REVOKED');
    const [owner, version] = ['one', '2'];
    for (const [code, update] of [
      ['INVALID_TRANSITION', () => agents.updateWhere({ owner }, { status: 'ACTIVE' })],
      ['CONFLICT', () => agents.updateWhere({ owner }, { version }, { expect: 4 })],
      ['CONFLICT', () => agents.updateWhere({ ids: [] }, { version }, { expect: 1 })],
      ['REFERENCE_NOT_FOUND', () => agents.updateWhere({ owner }, { certificateId: 'unknown' })],
    ] as const) {
      await expectRefused(database, code, update);
    }
    expect(await agents.updateWhere({ ids: [] }, { version: '2' }, { expect: 0 })).toBe(0);
  });

  // The last two ids are in one order by code point, and in the other one by UTF-16 code unit.
  test('updateWhere writes agents in the order of their ids and reports the first error in this order', async () => {
    const ids = ['a', 'b', '\uffee', '\u{1f642}'];
    const database = await openTestDatabase();
    const { agents } = database.db;
    await createAgents(database.db, ids.toReversed(), (id) => ({ owner: 'one', name: id }));
    const update = () => agents.updateWhere({ owner: 'one' }, { description: 'd' });
    expect(await newsOf(database, update)).toEqual(ids.map((id) => `AGENT ${id} UPDATED`));

    const patch = { status: 'ACTIVE', certificateId: 'unknown' } as const;
    await agents.setStatus('\u{1f642}', 'REVOKED');
    await expectRefused(database, 'REFERENCE_NOT_FOUND', () => agents.updateWhere({ owner: 'one' }, patch));
    await expectRefused(database, 'REFERENCE_NOT_FOUND', () =>
      agents.updateWhere({ owner: 'one', ids: ids.slice(2) }, patch),
    );
    await agents.setStatus('a', 'REVOKED');
    await expectRefused(database, 'INVALID_TRANSITION', () => agents.updateWhere({ owner: 'one' }, patch));

    const remove = () => agents.deleteWhere({ owner: 'one' });
    expect(await newsOf(database, remove)).toEqual(ids.map((id) => `AGENT ${id} DELETED`));
  });

  test.each<readonly [string, readonly unknown[]]>([
    ['an id in the patch', [{ owner: 'one' }, { id: 'agent-0' }]],
    ['an unknown field of the patch', [{ owner: 'one' }, { color: 1 }]],
    ['no patch', [{ owner: 'one' }]],
    ['an invalid value', [{ owner: 'one' }, { name: '' }]],
    ['a negative number', [{ owner: 'one' }, {}, { expect: -1 }]],
    ['an unknown option', [{ owner: 'one' }, {}, { ifUpdatedAt: new Date() }]],
  ])('updateWhere refuses arguments with %s', async (_, args) => {
    const database = await openAgents(1);
    await expectRefused(database, 'INVALID_INPUT', () => callUntyped(database.db.agents, 'updateWhere', ...args));
  });
});

describe('agents.deleteWhere', () => {
  test('deleteWhere deletes all matching agents with their endpoints, metadata and capabilities', async () => {
    const database = await openAgents(3);
    const { agents } = database.db;
    const news = await newsOf(database, async () => expect(await agents.deleteWhere({ owner: 'one' })).toBe(3));
    expect(news.sort()).toEqual(['AGENT agent-0 DELETED', 'AGENT agent-1 DELETED', 'AGENT agent-2 DELETED']);
    expect(await rawCounts(database)).toMatchObject({ agents: 1, endpoints: 0, agent_metadata: 0 });
    expect(await agents.deleteWhere({ owner: 'one' }, { expect: 0 })).toBe(0);
  });

  test('deleteWhere deletes nothing when the number of matching agents is not the expected one', async () => {
    const database = await openAgents(2);
    await expectRefused(database, 'CONFLICT', () => database.db.agents.deleteWhere({ owner: 'one' }, { expect: 1 }));
  });

  test.each<readonly [string, unknown]>([
    ['no query', undefined],
    ['an empty query', {}],
    ['empty metadata', { metadata: {} }],
    ['only undefined fields', { owner: undefined }],
    ['a field that filters nothing', { includeExpired: true }],
    ['a condition on missing capabilities', { allCapabilities: true }],
    ['a limit', { owner: 'one', limit: 1 }],
    ['an offset', { owner: 'one', offset: 0 }],
    ['an order', { owner: 'one', orderBy: 'id' }],
    ['a direction', { owner: 'one', orderDirection: 'asc' }],
  ])('deleteWhere refuses %s', async (_, query) => {
    const database = await openAgents(1);
    await expectRefused(database, 'INVALID_INPUT', () => callUntyped(database.db.agents, 'deleteWhere', query));
  });
});
