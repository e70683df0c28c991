import { DatabaseService, type DatabaseEvent } from '../../src';
import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { rawCounts } from '../support/raw-reader';
import { afterTest, openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';

/** A service that is closed after the test, on a database without tables unless another is named. */
async function createService(url?: string) {
  const events: DatabaseEvent[] = [];
  const options = { url: url ?? (await unmigratedDatabaseUrl()), migrations: 'apply' } as const;
  const db = new DatabaseService({ ...options, onEvent: (event) => void events.push(event) });
  afterTest(() => db.close());
  return { db, events, options };
}

describe('initialize', () => {
  test('Database initialization creates all required tables', async () => {
    const database = await createService();
    await database.db.initialize();
    expect(await rawCounts(database)).toEqual({
      ...{ agents: 0, endpoints: 0, capabilities: 0, agent_capabilities: 0, agent_metadata: 0 },
      ...{ certificates: 0, certificate_metadata: 0, changes: 0, change_prunings: 0 },
      ...{ security_events: 0, security_event_metadata: 0, security_event_entries: 0, security_event_checkpoints: 0 },
    });
  });

  test('does nothing the second time', async () => {
    const { db, events } = await createService();
    await db.initialize();
    const before = events.length;
    await db.initialize();
    expect(events).toHaveLength(before);
  });

  test('migrates the database once when it is called concurrently', async () => {
    const { db, events } = await createService();
    await Promise.all(Array.from({ length: 10 }, () => db.initialize()));
    expect(events.filter(({ type }) => type === 'migration')).toHaveLength(1);
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('opens an existing database with all of its records', async () => {
    const { db, options } = await openTestDatabase();
    const agent = wholeAgent({ certificateId: await createCertificate(db) });
    await db.createAgent(agent);
    await db.close();
    const second = await createService(options.url);
    await second.db.initialize();
    expect(await second.db.queryAgents({})).toStrictEqual([agent]);
    expect(second.events.filter(({ type }) => type === 'migration')).toEqual([]);
  });

  test('opens a new database of two services at the same time, which see the changes of each other', async () => {
    const first = await createService();
    const second = await createService(first.options.url);
    await Promise.all([first.db.initialize(), second.db.initialize()]);
    const id = await createAgent(first.db);
    expect(await second.db.getAgent(id)).toMatchObject({ id });
    expect(await second.db.deleteAgent(id)).toBe(true);
    expect(await first.db.getAgent(id)).toBeNull();
  });
});
