import type { CreateResult } from '../../src';
import { createAgent, createCertificate, wholeAgent, agentInput } from '../support/factories';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

function outcomes(results: readonly CreateResult[]): unknown[] {
  return results.map((result) => (result.ok ? result.id : result.error.code));
}

describe('agents.createMany', () => {
  test('createMany registers agents with all their fields and returns their ids in the order of the input', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = ['c', 'a', 'b'].map((id) => wholeAgent({ id, certificateId, name: `Agent ${id}` }));
    expect(await db.agents.createMany(agents)).toEqual(agents.map(({ id }) => ({ ok: true, id })));
    expect(await db.agents.getMany(['c', 'a', 'b'])).toEqual(agents);
    expect(await db.agents.createMany([])).toEqual([]);
    expect(await db.agents.createMany([], { onError: 'collect' })).toEqual([]);
  });

  test('createMany registers several batches of agents and reports its progress after each batch', async () => {
    const { db, ...database } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = Array.from({ length: 1234 }, (_, index) =>
      agentInput({ id: `agent-${index}`, certificateId, capabilities: [`c${index % 7}`, 'all'], metadata: { index } }),
    );
    const progress: number[][] = [];
    await db.agents.createMany(agents, { onProgress: (done, total) => progress.push([done, total]) });
    expect(progress).toEqual([500, 1000, 1234].map((done) => [done, 1234]));
    expect(await rawCounts(database)).toMatchObject({ agents: 1234, capabilities: 8, agent_capabilities: 2468 });
    expect(await db.agents.count({ capabilities: ['c3', 'all'], allCapabilities: true })).toBe(176);
    expect(await db.agents.count({ metadata: { index: 1000 } })).toBe(1);
  });

  test('createMany runs as many statements for a hundred agents as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const agents = Array.from({ length: 101 }, (_, index) => wholeAgent({ id: `agent-${index}`, certificateId }));
    const forOne = await statementsOf(() => db.agents.createMany(agents.slice(0, 1)));
    const forHundred = await statementsOf(() => db.agents.createMany(agents.slice(1)));
    expect(forHundred).toHaveLength(forOne.length);
  });

  test('createMany throws the first error with its index and registers nothing when onError is abort', async () => {
    const { db, ...database } = await openTestDatabase();
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

  test('createMany registers the valid agents and returns a result for each agent when onError is collect', async () => {
    const { db, ...database } = await openTestDatabase();
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
      ...['one', 'ALREADY_EXISTS', 'INVALID_INPUT', 'ALREADY_EXISTS', 'REFERENCE_NOT_FOUND', 'two'],
    ]);
    expect(results[1]).toMatchObject({ ok: false, id: 'taken', error: { field: 'id', entity: 'agent' } });
    expect(results[4]).toMatchObject({ error: { field: 'certificateId', entity: 'certificate' } });
    const stored = (await db.agents.query({ orderBy: 'id' })).map(({ id, name }) => `${id}: ${name}`);
    expect(stored).toEqual(['one: Test Agent', 'taken: Test Agent', 'two: Test Agent']);
    expect(await rawCounts(database)).toMatchObject({ capabilities: 1 });
  });

  test('createMany registers an agent whose only conflict is with a refused agent of the same call', async () => {
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

  test('createMany returns INVALID_INPUT for a value that is not an agent when onError is collect', async () => {
    const { db } = await openTestDatabase();
    const results = (await callUntyped(db.agents, 'createMany', [null, 5, { id: 7 }], { onError: 'collect' })) as [];
    expect(outcomes(results)).toEqual(['INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT']);
  });

  test.each([
    ['an object in place of an array', ['agents', { length: 1 }]],
    ['an unknown option', [[], { unknown: 1 }]],
    ['an unknown onError', [[], { onError: 'ignore' }]],
    ['an unknown value of unique', [[], { unique: 'id' }]],
    ['an onProgress that is not a function', [[], { onProgress: 1 }]],
  ])('createMany refuses %s', async (_, args) => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => callUntyped(db.agents, 'createMany', ...args));
  });

  test('createMany succeeds when onProgress throws or returns a promise that is rejected', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const error = new Error('the listener is broken');
    const throwing = (): never => {
      throw error;
    };
    const rejecting: () => unknown = () => Promise.reject(error);
    for (const onProgress of [throwing, rejecting]) {
      for (const onError of ['abort', 'collect'] as const) {
        expect(await db.agents.createMany([agentInput({ certificateId })], { onProgress, onError })).toHaveLength(1);
      }
    }
    // Waits for an unhandled rejection, which Jest would report as a failure of this test.
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
});
