import { existsSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseService, type DatabaseEvent } from '../../src';
import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { everyCall } from '../support/every-call';
import { expectError } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';

/** A service that is closed after the test, on a file that does not exist yet. */
function createService(url = `file:${join(temporaryDirectory(), 'new.sqlite')}`) {
  const events: DatabaseEvent[] = [];
  const db = new DatabaseService({ url, onEvent: (event) => void events.push(event) });
  afterTest(() => db.close());
  return { db, events, path: url.replace('file:', ''), options: { url } };
}

describe('initialize', () => {
  test('Database initialization creates all required tables', async () => {
    const database = createService();
    await database.db.initialize();
    expect(rawCounts(database)).toEqual({
      agents: 0,
      endpoints: 0,
      capabilities: 0,
      agent_capabilities: 0,
      agent_metadata: 0,
      certificates: 0,
      certificate_metadata: 0,
      security_events: 0,
      security_event_metadata: 0,
    });
  });

  test('is what opens the database: making the service does not', async () => {
    const { db, path, events } = createService();
    expect(existsSync(path)).toBe(false);
    expect(events).toEqual([]);
    await db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test('does nothing the second time', async () => {
    const { db, events } = createService();
    await db.initialize();
    const before = events.length;
    await db.initialize();
    expect(events).toHaveLength(before);
  });

  test('shares one run among concurrent calls', async () => {
    const { db, events } = createService();
    await Promise.all(Array.from({ length: 10 }, () => db.initialize()));
    expect(events.filter(({ type }) => type === 'migration')).toHaveLength(1);
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('that failed fails for every concurrent call, and the next call tries again', async () => {
    const directory = join(temporaryDirectory(), 'later');
    const { db } = createService(`file:${join(directory, 'new.sqlite')}`);
    const outcomes = await Promise.allSettled([db.initialize(), db.initialize()]);
    expect(outcomes).toMatchObject([{ reason: { code: 'UNAVAILABLE' } }, { reason: { code: 'UNAVAILABLE' } }]);
    await expectError('NOT_INITIALIZED', () => db.queryAgents({}));
    await expectError('UNAVAILABLE', () => db.initialize());
    mkdirSync(directory);
    await db.initialize();
    expect(await db.queryAgents({})).toEqual([]);
  });

  test('opens a database that is there with all it holds', async () => {
    const { db, options } = await openTestDatabase();
    const agent = wholeAgent({ certificateId: await createCertificate(db) });
    await db.createAgent(agent);
    await db.close();
    const second = createService(options.url);
    await second.db.initialize();
    expect(await second.db.queryAgents({})).toStrictEqual([agent]);
    expect(second.events.filter(({ type }) => type === 'migration')).toEqual([]);
  });

  test('may be called by two services on one file at the same time, which then see each other’s work', async () => {
    const first = createService();
    const second = createService(first.options.url);
    await Promise.all([first.db.initialize(), second.db.initialize()]);
    const id = await createAgent(first.db);
    expect(await second.db.getAgent(id)).toMatchObject({ id });
    expect(await second.db.deleteAgent(id)).toBe(true);
    expect(await first.db.getAgent(id)).toBeNull();
  });
});

describe('before initialize', () => {
  test.each(everyCall)('%s fails with NOT_INITIALIZED', async (_, call) => {
    const { db } = createService();
    const error = await expectError('NOT_INITIALIZED', () => call(db));
    expect(error.message).toBe('Database is not initialized');
    expect(error.retryable).toBe(false);
  });

  test('the callback of a transaction is not called', async () => {
    const { db } = createService();
    const work = jest.fn();
    await expectError('NOT_INITIALIZED', () => db.transaction(work));
    expect(work).not.toHaveBeenCalled();
  });
});

describe('the url', () => {
  test('may be a path with spaces, percent signs and letters of any script', async () => {
    const path = join(temporaryDirectory(), 'a b%20c é 数据 #1.sqlite');
    await createService(`file:${path}`).db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test('may be relative to the working directory', async () => {
    const path = join(temporaryDirectory(), 'relative.sqlite');
    const start = relative(process.cwd(), path);
    await createService(`file:${start}`).db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test('may be a file URL with its escapes', async () => {
    const path = join(temporaryDirectory(), 'a b%.sqlite');
    await createService(pathToFileURL(path).href).db.initialize();
    expect(existsSync(path)).toBe(true);
  });

  test(':memory: is a database of its own that is gone when it is closed', async () => {
    const [first, second] = [createService(':memory:'), createService(':memory:')];
    await Promise.all([first.db.initialize(), second.db.initialize()]);
    const id = await createAgent(first.db, { capabilities: ['a'] });
    expect(await first.db.getAgent(id)).toMatchObject({ id });
    expect(await second.db.getAgent(id)).toBeNull();
    await first.db.close();
    await first.db.initialize();
    expect(await first.db.getAgent(id)).toBeNull();
    expect(existsSync(':memory:')).toBe(false);
  });
});
