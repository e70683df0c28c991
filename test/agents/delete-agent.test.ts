import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { allRawRows, rawCounts, rawValues } from '../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

function capabilityNames(database: TestDatabase): Promise<unknown[]> {
  return rawValues(database, 'capabilities', 'name');
}

describe('deleteAgent', () => {
  test('Delete agent with valid ID succeeds', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const other = wholeAgent({ certificateId, id: 'other' });
    await db.createAgent(wholeAgent({ certificateId, id: 'gone' }));
    await db.createAgent(other);
    expect(await db.deleteAgent('gone')).toBe(true);
    expect(await db.getAgent('gone')).toBeNull();
    expect(await db.queryAgents({})).toStrictEqual([other]);
  });

  test('Delete agent with non-existent ID returns false', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createAgent(db, { id: 'agent-1', capabilities: ['a'] });
    const before = await allRawRows(database);
    expect(await db.deleteAgent('agent-2')).toBe(false);
    expect(await allRawRows(database)).toEqual(before);
    expect(await db.deleteAgent('agent-1')).toBe(true);
    expect(await db.deleteAgent('agent-1')).toBe(false);
  });

  test('takes endpoints, capability links and metadata with it, and leaves the certificate', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    await db.createAgent(wholeAgent({ certificateId }));
    expect(await rawCounts(database)).toMatchObject({
      agents: 1,
      endpoints: 2,
      agent_capabilities: 2,
      agent_metadata: 5,
    });
    await db.deleteAgent('agent-1');
    expect(await rawCounts(database)).toMatchObject({
      agents: 0,
      endpoints: 0,
      agent_capabilities: 0,
      agent_metadata: 0,
      capabilities: 0,
      certificates: 1,
    });
  });

  test('leaves an agent’s id free to be used again', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, { id: 'agent-1', capabilities: ['old'], metadata: { old: true } });
    await db.deleteAgent('agent-1');
    await createAgent(db, { id: 'agent-1' });
    expect(await db.getAgent('agent-1')).toMatchObject({ capabilities: [], metadata: {}, endpoints: [] });
  });

  test('of many agents at once deletes each of them once', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const ids = [];
    for (const name of ['a', 'b', 'c', 'd']) ids.push(await createAgent(db, { name, capabilities: ['shared', name] }));
    const answers = await Promise.all([...ids, ...ids].map((id) => db.deleteAgent(id)));
    expect(answers.filter(Boolean)).toHaveLength(4);
    expect(await capabilityNames(database)).toEqual([]);
  });
});

describe('a capability that nobody uses any more', () => {
  test('goes with its last agent, and not before', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const first = await createAgent(db, { capabilities: ['own', 'shared'] });
    const second = await createAgent(db, { capabilities: ['shared', 'theirs'] });
    await db.deleteAgent(first);
    expect(await capabilityNames(database)).toEqual(['shared', 'theirs']);
    expect((await db.getAgent(second))?.capabilities).toEqual(['shared', 'theirs']);
    await db.deleteAgent(second);
    expect(await capabilityNames(database)).toEqual([]);
  });

  test('goes when an update drops it', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const first = await createAgent(db, { capabilities: ['dropped', 'kept', 'shared'] });
    await createAgent(db, { capabilities: ['shared'] });
    await db.updateAgent({ id: first, capabilities: ['kept', 'new'] });
    expect(await capabilityNames(database)).toEqual(['kept', 'new', 'shared']);
    await db.updateAgent({ id: first, capabilities: [] });
    expect(await capabilityNames(database)).toEqual(['shared']);
  });

  test('does not come to be when the agent that would bring it is refused', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const agent = wholeAgent({ certificateId: 'no-such-certificate', capabilities: ['stray'] });
    await expect(db.createAgent(agent)).rejects.toMatchObject({ code: 'REFERENCE_NOT_FOUND' });
    expect(await db.updateAgent({ id: 'no-such-agent', capabilities: ['stray'] })).toBe(false);
    expect(await capabilityNames(database)).toEqual([]);
  });
});
