import { DatabaseService, type DatabaseEvent } from '../../src';
import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { databaseCalls, makeCall, publicCalls } from '../support/public-calls';
import { rawCounts } from '../support/raw-reader';
import { afterTest, newDatabaseUrl, openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';

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
      agents: 0,
      endpoints: 0,
      capabilities: 0,
      agent_capabilities: 0,
      agent_metadata: 0,
      certificates: 0,
      certificate_metadata: 0,
      security_events: 0,
      security_event_metadata: 0,
      security_event_entries: 0,
      security_event_checkpoints: 0,
      changes: 0,
      change_prunings: 0,
    });
  });

  test('does nothing the second time', async () => {
    const { db, events } = await createService();
    await db.initialize();
    const before = events.length;
    await db.initialize();
    expect(events).toHaveLength(before);
  });

  test('shares one run among concurrent calls', async () => {
    const { db, events } = await createService();
    await Promise.all(Array.from({ length: 10 }, () => db.initialize()));
    expect(events.filter(({ type }) => type === 'migration')).toHaveLength(1);
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('opens a database that is there with all it holds', async () => {
    const { db, options } = await openTestDatabase();
    const agent = wholeAgent({ certificateId: await createCertificate(db) });
    await db.createAgent(agent);
    await db.close();
    const second = await createService(options.url);
    await second.db.initialize();
    expect(await second.db.queryAgents({})).toStrictEqual([agent]);
    expect(second.events.filter(({ type }) => type === 'migration')).toEqual([]);
  });

  test('may be called by two services on one file at the same time, which then see each other’s work', async () => {
    const first = await createService();
    const second = await createService(first.options.url);
    await Promise.all([first.db.initialize(), second.db.initialize()]);
    const id = await createAgent(first.db);
    expect(await second.db.getAgent(id)).toMatchObject({ id });
    expect(await second.db.deleteAgent(id)).toBe(true);
    expect(await first.db.getAgent(id)).toBeNull();
  });
});

describe('before initialize', () => {
  test('every call fails with NOT_INITIALIZED', async () => {
    const { db } = await createService(await newDatabaseUrl());
    for (const call of [...publicCalls, ...databaseCalls]) {
      if (['initialize', 'close'].includes(call.name)) continue;
      const { message, retryable } = await expectError('NOT_INITIALIZED', () => makeCall(db, call));
      expect([call.name, message, retryable]).toEqual([call.name, 'Database is not initialized', false]);
    }
  });

  test('the callback of a transaction is not called', async () => {
    const { db } = await createService(await newDatabaseUrl());
    const work = jest.fn();
    await expectError('NOT_INITIALIZED', () => db.transaction(work));
    expect(work).not.toHaveBeenCalled();
  });
});
