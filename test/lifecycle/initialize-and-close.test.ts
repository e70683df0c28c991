import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type DatabaseEvent } from '../../src';
import { agentInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { databaseCalls, makeCall, publicCalls } from '../support/public-calls';
import { rawCounts } from '../support/raw-reader';
import { holdTransaction } from '../support/held-transaction';
import { afterTest, newDatabaseUrl, openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';

/** Creates a service that is closed after the test, by default on a database without tables. */
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
      security_event_pending_entries: 0,
    });
  });

  test('initialize does nothing when the database is already open', async () => {
    const { db, events } = await createService();
    await db.initialize();
    const before = events.length;
    await db.initialize();
    expect(events).toHaveLength(before);
  });

  test('concurrent calls of initialize migrate the database once', async () => {
    const { db, events } = await createService();
    await Promise.all(Array.from({ length: 10 }, () => db.initialize()));
    expect(events.filter(({ type }) => type === 'migration')).toHaveLength(1);
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('initialize opens an existing database with all its records', async () => {
    const { db, options } = await openTestDatabase();
    const agent = wholeAgent({ certificateId: await createCertificate(db) });
    await db.createAgent(agent);
    await db.close();
    const second = await createService(options.url);
    await second.db.initialize();
    expect(await second.db.queryAgents({})).toStrictEqual([agent]);
    expect(second.events.filter(({ type }) => type === 'migration')).toEqual([]);
  });
});

describe('close', () => {
  test('close waits until calls in flight have succeeded', async () => {
    const { db, ...database } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const calls = Array.from({ length: 20 }, () => db.createAgent(agentInput({ certificateId })));
    await db.close();
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(calls.map(() => 'fulfilled'));
    expect(await rawCounts(database)).toMatchObject({ agents: 20 });
  });

  test('close waits for a transaction in flight and refuses other calls meanwhile', async () => {
    const { db, ...database } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const { outcome, release } = await holdTransaction(
      db,
      () => Promise.resolve(),
      (tx) => tx.createAgent(agentInput({ certificateId, id: 'late' })),
    );
    let isClosed = false;
    const closing = db.close().then(() => (isClosed = true));
    await sleep(20);
    await expectError('NOT_INITIALIZED', () => db.getAgent('late'));
    await expectError('NOT_INITIALIZED', () => db.transaction(() => 1));
    expect(isClosed).toBe(false);
    release();
    expect(await outcome).toBe('late');
    await closing;
    expect(await rawCounts(database)).toMatchObject({ agents: 1 });
  });

  test.each(['before initialize', 'after close'])('every call %s fails with NOT_INITIALIZED', async (when) => {
    const db = new DatabaseService({ url: await newDatabaseUrl() });
    if (when === 'after close') await db.initialize();
    if (when === 'after close') await db.close();
    for (const call of [...publicCalls, ...databaseCalls]) {
      if (['initialize', 'close'].includes(call.name)) continue;
      const { message, retryable } = await expectError('NOT_INITIALIZED', () => makeCall(db, call));
      expect([call.name, message, retryable]).toEqual([call.name, 'Database is not initialized', false]);
    }
    const work = jest.fn();
    await expectError('NOT_INITIALIZED', () => db.transaction(work));
    expect(work).not.toHaveBeenCalled();
  });

  test('close does nothing when the database is closed, before initialize and after a failed initialize', async () => {
    const { db } = await openTestDatabase();
    await db.close();
    await expect(db.close()).resolves.toBeUndefined();
    await expect(new DatabaseService({ url: ':memory:' }).close()).resolves.toBeUndefined();
    const broken = new DatabaseService({ url: 'file:/no/such/directory/x.sqlite' });
    await expectError('UNAVAILABLE', () => broken.initialize());
    await expect(broken.close()).resolves.toBeUndefined();
  });

  test('close succeeds inside a transaction of another database', async () => {
    const [first, second] = [await openTestDatabase(), await openTestDatabase()];
    await first.db.transaction(() => second.db.close());
    await expectError('NOT_INITIALIZED', () => second.db.queryAgents({}));
    expect(await first.db.queryAgents({})).toEqual([]);
  });
});

describe('several calls of initialize and close', () => {
  test('concurrent calls of initialize and close take effect in the order of the calls', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, { id: 'a' });
    await Promise.all([db.close(), db.initialize()]);
    await db.initialize();
    expect(await db.getAgent('a')).not.toBeNull();
    await Promise.all([db.close(), db.initialize(), db.close()]);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    await Promise.all([db.initialize(), db.close(), db.initialize()]);
    expect(await db.getAgent('a')).not.toBeNull();
    await Promise.all([db.close(), db.close(), db.close()]);
    await expectError('NOT_INITIALIZED', () => db.queryAgents({}));
  });

  test('a call of close during the first initialize closes the service', async () => {
    const db = new DatabaseService({ url: ':memory:' });
    const opening = db.initialize();
    await db.close();
    await opening;
    await expectError('NOT_INITIALIZED', () => db.queryAgents({}));
  });

  test('initialize fails with CONFLICT inside a transaction for which close waits', async () => {
    const { db } = await openTestDatabase();
    const transaction = db.transaction(async () => {
      await sleep(20);
      await expectError('CONFLICT', () => db.initialize());
    });
    await Promise.all([transaction, db.close()]);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
  });
});

test.each(['ends', 'throws'])('await using closes the database when the block %s', async (end) => {
  const { options } = await openTestDatabase();
  const opened: DatabaseService[] = [];
  const block = async () => {
    await using db = new DatabaseService(options);
    opened.push(db);
    await db.initialize();
    expect(await db.queryAgents({})).toEqual([]);
    if (end === 'throws') throw new RangeError('enough');
  };
  const outcome = block();
  if (end === 'throws') await expect(outcome).rejects.toThrow(RangeError);
  else await outcome;
  await expectError('NOT_INITIALIZED', async () => opened[0]?.queryAgents({}));
});
