import type { CreateResult } from '../../src';
import { createAgent, createCertificate, wholeAgent, agentInput } from '../support/factories';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

function outcomes(results: readonly CreateResult[]): unknown[] {
  return results.map((result) => (result.ok ? result.id : result.error.code));
}

describe('agents.createMany', () => {
  test('registers whole agents, and answers with their ids in the order of the input', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = ['c', 'a', 'b'].map((id) => wholeAgent({ id, certificateId, name: `Agent ${id}` }));
    expect(await db.agents.createMany(agents)).toEqual([
      { ok: true, id: 'c' },
      { ok: true, id: 'a' },
      { ok: true, id: 'b' },
    ]);
    expect(await db.agents.getMany(['c', 'a', 'b'])).toEqual(agents);
  });

  test('of no agents registers none', async () => {
    const { db } = await openTestDatabase();
    expect(await db.agents.createMany([])).toEqual([]);
    expect(await db.agents.createMany([], { onError: 'collect' })).toEqual([]);
  });

  test('gives a UUIDv7 to each agent without an id', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const results = await db.agents.createMany([agentInput({ certificateId }), agentInput({ certificateId })]);
    const ids = results.map((result) => (result.ok ? result.id : ''));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  test('more agents than fit into one batch are registered with what they share, and progress is told', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const agents = Array.from({ length: 1234 }, (_, index) =>
      agentInput({ id: `agent-${index}`, certificateId, capabilities: [`c${index % 7}`, 'all'], metadata: { index } }),
    );
    const progress: number[][] = [];
    await db.agents.createMany(agents, { onProgress: (done, total) => progress.push([done, total]) });
    expect(progress).toEqual([
      [500, 1234],
      [1000, 1234],
      [1234, 1234],
    ]);
    expect(await rawCounts(database)).toMatchObject({ agents: 1234, capabilities: 8, agent_capabilities: 2468 });
    expect(await db.agents.count({ capabilities: ['c3', 'all'], allCapabilities: true })).toBe(176);
    expect(await db.agents.count({ metadata: { index: 1000 } })).toBe(1);
  });

  test('takes as many statements for a hundred agents as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = Array.from({ length: 101 }, (_, index) => wholeAgent({ id: `agent-${index}`, certificateId }));
    const forOne = await statementsOf(() => db.agents.createMany(agents.slice(0, 1)));
    const forHundred = await statementsOf(() => db.agents.createMany(agents.slice(1)));
    expect(forHundred).toHaveLength(forOne.length);
  });

  describe('where agents are refused', () => {
    test('abort throws the first error, with its place, and registers nothing', async () => {
      const database = await openTestDatabase();
      const { db } = database;
      const certificateId = await createCertificate(db);
      await createAgent(db, { id: 'taken', certificateId });
      const good = agentInput({ id: 'good', certificateId });
      const wrong = agentInput({ certificateId, name: '' });
      const error = await expectRefused(database, 'INVALID_INPUT', () => db.agents.createMany([good, wrong]));
      expect(error).toMatchObject({ field: 'agents[1].name', operation: 'agents.createMany' });
      const taken = agentInput({ id: 'taken', certificateId });
      const second = await expectRefused(database, 'ALREADY_EXISTS', () =>
        db.agents.createMany([good, taken, wrong], { onError: 'abort' }),
      );
      expect(second).toMatchObject({ entity: 'agent', field: 'agents[1].id' });
      await expectRefused(database, 'INVALID_INPUT', () => db.agents.createMany([good, wrong, taken]));
    });

    test('collect registers the others, and tells what became of each', async () => {
      const database = await openTestDatabase();
      const { db } = database;
      const certificateId = await createCertificate(db);
      await createAgent(db, { id: 'taken', certificateId });
      const results = await db.agents.createMany(
        [
          agentInput({ id: 'one', certificateId, capabilities: ['kept'] }),
          agentInput({ id: 'taken', certificateId, capabilities: ['lost'] }),
          agentInput({ id: 'nameless', certificateId, name: '' }),
          agentInput({ id: 'one', certificateId, name: 'the second of this id' }),
          agentInput({ id: 'uncertified', certificateId: 'unknown' }),
          agentInput({ id: 'two', certificateId }),
        ],
        { onError: 'collect' },
      );
      expect(outcomes(results)).toEqual([
        'one',
        'ALREADY_EXISTS',
        'INVALID_INPUT',
        'ALREADY_EXISTS',
        'REFERENCE_NOT_FOUND',
        'two',
      ]);
      expect(results[1]).toMatchObject({ ok: false, id: 'taken', error: { field: 'id', entity: 'agent' } });
      expect(results[4]).toMatchObject({ error: { field: 'certificateId', entity: 'certificate' } });
      expect((await db.agents.query({ orderBy: 'id' })).map(({ id, name }) => [id, name])).toEqual([
        ['one', 'Test Agent'],
        ['taken', 'Test Agent'],
        ['two', 'Test Agent'],
      ]);
      expect(await rawCounts(database)).toMatchObject({ capabilities: 1 });
    });

    test('collect registers what would have given way to an agent that is refused itself', async () => {
      const { db } = await openTestDatabase();
      const certificateId = await createCertificate(db);
      await createAgent(db, { id: 'a', certificateId, name: 'Other' });
      const results = await db.agents.createMany(
        [
          agentInput({ id: 'a', certificateId, name: 'Agent' }),
          agentInput({ id: 'b', certificateId, name: 'Agent' }),
          agentInput({ id: 'c', certificateId, name: 'Agent' }),
          agentInput({ id: 'b', certificateId, name: 'Another' }),
        ],
        { onError: 'collect', unique: 'name-version' },
      );
      expect(outcomes(results)).toEqual(['ALREADY_EXISTS', 'b', 'ALREADY_EXISTS', 'ALREADY_EXISTS']);
      expect(await db.agents.get('b')).toMatchObject({ name: 'Agent' });
      expect(await db.agents.count()).toBe(2);
    });

    test('collect takes what is no agent at all for a refused one', async () => {
      const { db } = await openTestDatabase();
      const results = (await callUntyped(db.agents, 'createMany', [null, 5, { id: 7 }], { onError: 'collect' })) as [];
      expect(outcomes(results)).toEqual(['INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT']);
    });

    test('inside a transaction an abort that is caught leaves the rest of it', async () => {
      const { db } = await openTestDatabase();
      const certificateId = await createCertificate(db);
      await db.transaction(async (tx) => {
        await tx.agents.create(agentInput({ id: 'before', certificateId }));
        await expectError('ALREADY_EXISTS', () =>
          tx.agents.createMany([agentInput({ id: 'new', certificateId }), agentInput({ id: 'before', certificateId })]),
        );
      });
      expect((await db.queryAgents({})).map(({ id }) => id)).toEqual(['before']);
    });
  });

  test.each([
    ['no array', ['agents', { length: 1 }]],
    ['an unknown option', [[], { unknown: 1 }]],
    ['another way with errors', [[], { onError: 'ignore' }]],
    ['another uniqueness', [[], { unique: 'id' }]],
    ['a progress that is no function', [[], { onProgress: 1 }]],
  ])('%s is INVALID_INPUT', async (_, args) => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => callUntyped(db.agents, 'createMany', ...args));
  });

  test('a progress that throws does no harm', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const onProgress = (): void => {
      throw new Error('the listener is broken');
    };
    expect(await db.agents.createMany([agentInput({ id: 'a', certificateId })], { onProgress })).toHaveLength(1);
  });

  test('a progress that fails later, as an async function does, does no harm either', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const onProgress: () => unknown = () => Promise.reject(new Error('the listener is broken'));
    for (const onError of ['abort', 'collect'] as const) {
      expect(await db.agents.createMany([agentInput({ certificateId })], { onProgress, onError })).toHaveLength(1);
    }
    // A promise that nobody handles would end the process; Jest makes it the failure of the test that runs.
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

describe('an agent that has to be the only one', () => {
  test('of its name and version: another owner is refused', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const unique = { unique: 'name-version' } as const;
    await db.agents.create(agentInput({ certificateId, owner: 'one' }), unique);
    const refused = () => db.agents.create(agentInput({ certificateId, owner: 'two' }), unique);
    expect(await expectRefused(database, 'ALREADY_EXISTS', refused)).toMatchObject({ entity: 'agent', field: 'name' });
    await db.agents.create(agentInput({ certificateId, owner: 'two', version: '2.0.0' }), unique);
    const withoutCondition = () => db.agents.create(agentInput({ certificateId, owner: 'two' }));
    await expectRefused(database, 'ALREADY_EXISTS', withoutCondition);
    expect(await db.agents.count()).toBe(2);
  });

  test('of its name and version among its owner: another owner is not', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const unique = { unique: 'owner-name-version' } as const;
    await db.createAgent(agentInput({ certificateId, owner: 'one' }), unique);
    await db.createAgent(agentInput({ certificateId, owner: 'two' }), unique);
    await expectRefused(database, 'ALREADY_EXISTS', () => {
      return db.createAgent(agentInput({ certificateId, owner: 'two' }), unique);
    });
  });

  test('is refused where one was registered without the condition, and can be once that is gone or renamed', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const unique = { unique: 'name-version' } as const;
    await db.createAgent(agentInput({ id: 'first', certificateId }));
    await expectError('ALREADY_EXISTS', () => db.createAgent(agentInput({ certificateId }), unique));
    await db.updateAgent({ id: 'first', name: 'Another' });
    await db.createAgent(agentInput({ id: 'second', certificateId }), unique);
    await db.updateAgent({ id: 'second', version: '9.9.9' });
    await db.createAgent(agentInput({ id: 'third', certificateId }), unique);
    await db.deleteAgent('third');
    await db.createAgent(agentInput({ id: 'fourth', certificateId }), unique);
  });

  test('in a batch: the first of a name is registered', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    await db.createAgent(agentInput({ id: 'known', certificateId, name: 'Known' }));
    const results = await db.agents.createMany(
      [
        agentInput({ id: 'a', certificateId, name: 'New' }),
        agentInput({ id: 'b', certificateId, name: 'New' }),
        agentInput({ id: 'c', certificateId, name: 'Known' }),
        agentInput({ id: 'd', certificateId, name: 'New', version: '2.0.0' }),
      ],
      { onError: 'collect', unique: 'name-version' },
    );
    expect(outcomes(results)).toEqual(['a', 'ALREADY_EXISTS', 'ALREADY_EXISTS', 'd']);
  });
});
