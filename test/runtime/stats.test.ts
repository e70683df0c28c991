import { DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { createAgent } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

describe('stats', () => {
  test('stats returns the numbers of calls, errors and cache results, and the position in the change feed', async () => {
    const { db } = await openTestDatabase({ cache: { maxEntries: 1 } });
    const { calls } = db.stats();
    await createAgent(db, { id: 'a' });
    await createAgent(db, { id: 'b' });
    for (const id of ['a', 'a', 'b']) await db.getAgent(id);
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    await expect(db.transaction(() => Promise.reject(new RangeError('enough')))).rejects.toThrow('enough');
    expect(db.stats()).not.toHaveProperty('feedPosition');
    expect(db.stats()).toMatchObject({
      calls: calls + 9,
      callsInFlight: 0,
      errors: { INVALID_INPUT: 1 },
      retries: 0,
      breaker: 'closed',
      cache: { hits: 1, misses: 2, stale: 0, evictions: 1, entries: 1 },
    });
    const changes = await db.changes();
    expect(db.stats().feedPosition).toBe(changes.at(-1)?.sequence);
    await db.changes({ limit: 1 });
    expect(db.stats().feedPosition).toBe(changes.at(-1)?.sequence);
    expect(db.stats().pool?.total).toEqual(onPostgresql ? expect.any(Number) : undefined);
    if (onPostgresql) expect(db.stats()).not.toHaveProperty('logBytes');
    else expect(db.stats().logBytes).toBeGreaterThan(0);
  });

  test('stats counts a transaction and its running call as in flight', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(() => expect(db.stats().callsInFlight).toBe(1));
    expect(db.stats().callsInFlight).toBe(0);
  });

  test('stats can be called before the database is opened and after it is closed', async () => {
    const { db, options } = await openTestDatabase();
    const unopened = new DatabaseService({ ...options, breaker: false });
    const nothing = { calls: 0, callsInFlight: 0, errors: {}, retries: 0, breaker: 'off' };
    expect(unopened.stats()).toEqual(nothing);
    await expectError('NOT_INITIALIZED', () => unopened.getAgent('a'));
    expect(unopened.stats()).toEqual({ ...nothing, calls: 1, errors: { NOT_INITIALIZED: 1 } });
    await db.close();
    const { calls, ...closed } = db.stats();
    expect(calls).toBeGreaterThan(1);
    expect(closed).toEqual({ callsInFlight: 0, errors: {}, retries: 0, breaker: 'closed' });
  });
});
