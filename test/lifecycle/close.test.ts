import { DatabaseService } from '../../src';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { databaseCalls, makeCall, publicCalls } from '../support/public-calls';
import { rawCounts } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

/** A promise that is settled from outside. */
function signal() {
  let send: () => void = () => undefined;
  const received = new Promise<void>((resolve) => (send = resolve));
  return { send, received };
}

describe('close', () => {
  test('waits for calls in flight, which succeed', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const calls = Array.from({ length: 20 }, () => db.createAgent(agentInput({ certificateId })));
    await db.close();
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(calls.map(() => 'fulfilled'));
    expect(await rawCounts(database)).toMatchObject({ agents: 20 });
  });

  test('waits for a transaction in flight, and lets no other work begin', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const [begun, mayEnd] = [signal(), signal()];
    const transaction = db.transaction(async (tx) => {
      begun.send();
      await mayEnd.received;
      return tx.createAgent(agentInput({ certificateId, id: 'late' }));
    });
    await begun.received;
    let isClosed = false;
    const closing = db.close().then(() => (isClosed = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expectError('NOT_INITIALIZED', () => db.getAgent('late'));
    expect(isClosed).toBe(false);
    mayEnd.send();
    expect(await transaction).toBe('late');
    await closing;
    expect(await rawCounts(database)).toMatchObject({ agents: 1 });
  });

  test('makes every later call fail with NOT_INITIALIZED', async () => {
    const { db } = await openTestDatabase();
    await db.close();
    for (const call of [...publicCalls, ...databaseCalls]) {
      if (['initialize', 'close'].includes(call.name)) continue;
      const { name, message } = await expectError('NOT_INITIALIZED', () => makeCall(db, call));
      expect([call.name, name, message]).toEqual([call.name, 'DatabaseError', 'Database is not initialized']);
    }
  });

  test('does nothing the second time, nor before initialize, nor after a start that failed', async () => {
    const { db } = await openTestDatabase();
    await db.close();
    await expect(db.close()).resolves.toBeUndefined();
    await expect(new DatabaseService({ url: ':memory:' }).close()).resolves.toBeUndefined();
    const broken = new DatabaseService({ url: 'file:/no/such/directory/x.sqlite' });
    await expectError('UNAVAILABLE', () => broken.initialize());
    await expect(broken.close()).resolves.toBeUndefined();
  });

  test('may be called several times at once', async () => {
    const { db } = await openTestDatabase();
    await Promise.all([db.close(), db.close(), db.close()]);
    await expectError('NOT_INITIALIZED', () => db.queryAgents({}));
  });

  test('while initialize runs closes what it opens', async () => {
    const db = new DatabaseService({ url: ':memory:' });
    const opening = db.initialize();
    await db.close();
    await opening;
    await expectError('NOT_INITIALIZED', () => db.queryAgents({}));
  });

  test('inside a transaction of its own is refused with CONFLICT, and the transaction goes on', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const id = await db.transaction(async (tx) => {
      expect((await expectError('CONFLICT', () => db.close())).operation).toBe('close');
      return tx.createAgent(agentInput({ certificateId }));
    });
    expect(await db.getAgent(id)).toMatchObject({ id });
  });

  test('inside a transaction of another database is allowed', async () => {
    const [first, second] = [await openTestDatabase(), await openTestDatabase()];
    await first.db.transaction(() => second.db.close());
    await expectError('NOT_INITIALIZED', () => second.db.queryAgents({}));
    expect(await first.db.queryAgents({})).toEqual([]);
  });
});

describe('initialize after close', () => {
  test('opens again with all that was there', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { capabilities: ['a'] });
    for (let round = 0; round < 3; round += 1) {
      await db.close();
      await db.initialize();
      expect(await db.getAgent(id)).toMatchObject({ id, capabilities: ['a'] });
    }
    expect(await db.updateCertificateStatus((await db.getAgent(id))?.certificateId ?? '', 'EXPIRED')).toBe(true);
  });

  test('may be called before close has ended', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db);
    const closing = db.close();
    const opening = db.initialize();
    await Promise.all([closing, opening]);
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ id });
  });
});

describe('await using', () => {
  test('closes at the end of the block', async () => {
    const { options } = await openTestDatabase();
    let escaped: DatabaseService;
    {
      await using db = new DatabaseService(options);
      await db.initialize();
      escaped = db;
      expect(await db.queryAgents({})).toEqual([]);
    }
    await expectError('NOT_INITIALIZED', () => escaped.queryAgents({}));
  });

  test('closes when the block throws, too', async () => {
    const { options } = await openTestDatabase();
    const opened: DatabaseService[] = [];
    const block = async () => {
      await using db = new DatabaseService(options);
      opened.push(db);
      await db.initialize();
      throw new RangeError('enough');
    };
    await expect(block()).rejects.toThrow(RangeError);
    await expectError('NOT_INITIALIZED', async () => opened[0]?.queryAgents({}));
  });
});
