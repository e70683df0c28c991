import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { allRawRows, rawCounts, rawRows, rawValues } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

describe('deleteAgent', () => {
  test('Delete agent with valid ID succeeds', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const other = wholeAgent({ certificateId, id: 'other' });
    await db.createAgent(wholeAgent({ certificateId, id: 'gone', capabilities: ['own', 'search'] }));
    await db.createAgent(other);
    expect(await db.deleteAgent('gone')).toBe(true);
    expect(await db.getAgent('gone')).toBeNull();
    expect(await db.queryAgents({})).toStrictEqual([other]);
    expect(await db.agents.delete('other')).toBe(true);
    const counts = Object.entries(await rawCounts(database)).filter(([, count]) => count > 0);
    expect(counts).toEqual([
      ['certificates', 1],
      ['changes', 5],
    ]);
  });

  test('Delete agent with non-existent ID returns false', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { id: 'agent-1', capabilities: ['a'] });
    const before = await allRawRows(database);
    expect(await database.db.deleteAgent('agent-2')).toBe(false);
    expect(await allRawRows(database)).toEqual(before);
  });

  test('releases the id of the agent', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, { id: 'agent-1', capabilities: ['old'], metadata: { old: true } });
    await db.deleteAgent('agent-1');
    await createAgent(db, { id: 'agent-1' });
    expect(await db.getAgent('agent-1')).toMatchObject({ capabilities: [], metadata: {}, endpoints: [] });
  });

  test('returns true to only one of several concurrent calls that delete the same agent', async () => {
    const database = await openTestDatabase();
    const other = await openTestDatabase({ url: database.options.url });
    const ids = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      ids.push(await createAgent(database.db, { name, capabilities: ['shared', name] }));
    }
    const services = [database.db, other.db, database.db, other.db];
    const answers = await Promise.all(ids.flatMap((id) => services.map((db) => db.deleteAgent(id))));
    expect(answers.filter((isDeleted) => isDeleted)).toHaveLength(4);
    expect(await rawRows(database, 'capabilities')).toEqual([]);
  });
});

describe('A row of capabilities', () => {
  test('is deleted with the last agent that has the capability', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const first = await createAgent(db, { capabilities: ['own', 'shared'] });
    const second = await createAgent(db, { capabilities: ['shared', 'theirs'] });
    await db.deleteAgent(first);
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['shared', 'theirs']);
    expect((await db.getAgent(second))?.capabilities).toEqual(['shared', 'theirs']);
    await db.deleteAgent(second);
    expect(await rawValues(database, 'capabilities', 'name')).toEqual([]);
  });

  test('is deleted when an update removes the capability from its last agent', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const id = await createAgent(db, { capabilities: ['dropped', 'kept', 'shared'] });
    await createAgent(db, { capabilities: ['shared'] });
    await db.updateAgent({ id, capabilities: ['kept', 'new'] });
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['kept', 'new', 'shared']);
    expect(await db.updateAgent({ id: 'no-such-agent', capabilities: ['stray'] })).toBe(false);
    await db.updateAgent({ id, capabilities: [] });
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(['shared']);
  });
});
