import { onPostgresql } from '../support/engine';
import { callUntyped, expectRefused } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows, rawValues } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';
import { at, recordSeconds, t0 } from './chain';

async function idsOf({ db }: TestDatabase): Promise<string> {
  return (await db.events.query()).map(({ id }) => id).join(' ');
}

/** Returns the first letters of the kinds of all entries: recorded, mitigated, pruned. */
async function kindsOf(database: TestDatabase): Promise<string> {
  return (await rawValues(database, 'security_event_entries', 'kind')).map((kind) => String(kind)[0]).join('');
}

describe('events.prune', () => {
  test('events.prune deletes only the events before the given time and their metadata', async () => {
    const database = await openTestDatabase();
    const events = [1, 2, 3, 4].map((second) => ({ id: `e${second}`, timestamp: at(second), metadata: { second } }));
    await database.db.events.recordMany(events.map((event) => eventInput(event)));
    expect(await database.db.events.prune({ before: at(3) })).toBe(2);
    expect(await idsOf(database)).toBe('e4 e3');
    expect(await rawValues(database, 'security_event_metadata', 'event_id')).toEqual(['e3', 'e4']);
    expect(await database.db.events.prune({ before: at(3) })).toBe(0);
    expect(await database.db.events.prune({ before: new Date(-8.64e15) })).toBe(0);
    expect(await database.db.events.prune({ before: new Date(8.64e15) })).toBe(2);
  });

  test('events.prune replaces the pruned beginning of the event chain with a checkpoint', async () => {
    const database = await openTestDatabase({ now: () => t0 });
    const { events } = database.db;
    await recordSeconds(database, 1, 2, 3, 4);
    const before = await rawRows(database, 'security_event_entries');
    await events.prune({ before: at(3) });
    expect(await kindsOf(database)).toBe('RRP');
    expect(await events.verify()).toEqual({
      valid: true,
      entries: 3,
      pending: 0,
      head: { sequence: 5, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      checkpoint: { sequence: 2, hash: before[1]?.['hash'], count: 2, createdAt: new Date(t0) },
    });
    await recordSeconds(database, 5);
    expect(await events.verify()).toMatchObject({ valid: true, entries: 4, head: { sequence: 6 } });
  });

  test('events.prune keeps chain entries of pruned events that follow the entry of a kept event', async () => {
    const database = await openTestDatabase();
    const { events } = database.db;
    await recordSeconds(database, 9, 1, 2, 8, 3);
    await events.markMitigated('e2', { applied: true, details: 'secret' });
    await events.markMitigated('e9', { applied: true });
    expect(await events.prune({ before: at(5) })).toBe(3);
    expect(await kindsOf(database)).toBe('RPPRPPMP');
    const left = await rawRows(database, 'security_event_entries');
    expect(left[5]).toMatchObject({ event_id: 'e2', mitigation_applied: null, mitigation_details: null });
    expect(await events.verify()).toMatchObject({ valid: true, entries: 8 });
    expect(await events.prune({ before: at(9) })).toBe(1);
    expect(await kindsOf(database)).toBe('RPPPPPMPP');
    expect(await events.prune({ before: at(10) })).toBe(1);
    // The entry of the last pruning is always kept.
    expect(await kindsOf(database)).toBe('P');
    expect(await events.verify()).toMatchObject({ valid: true, entries: 1, checkpoint: { sequence: 9, count: 5 } });
    expect(await idsOf(database)).toBe('');
    await recordSeconds(database, 20);
    expect(await events.prune({ before: at(10) })).toBe(0);
    expect(await kindsOf(database)).toBe('PR');
    expect(await events.verify()).toMatchObject({ valid: true });
  });

  test('events.prune deletes events in several batches', async () => {
    const database = await openTestDatabase();
    await recordSeconds(database, ...Array.from({ length: 25 }, (_, index) => index));
    expect(await database.db.events.prune({ before: at(23), batchSize: 5 })).toBe(23);
    expect(await idsOf(database)).toBe('e24 e23');
    expect(await database.db.events.verify()).toMatchObject({ valid: true, checkpoint: { count: 23 } });
    expect(await rawValues(database, 'security_event_checkpoints', 'sequence')).toEqual([0, 23]);
  });

  test('recordSecurityEvent accepts the id of a pruned event', async () => {
    const database = await openTestDatabase();
    const { events } = database.db;
    await recordSeconds(database, 5, 1);
    await events.markMitigated('e1', { applied: true });
    await events.prune({ before: at(2) });
    await recordSeconds(database, 1);
    expect(await events.get('e1')).toMatchObject({ mitigationApplied: false });
    expect(await events.verify()).toMatchObject({ valid: true });
    await events.prune({ before: at(2) });
    expect(await events.verify()).toMatchObject({ valid: true });
  });

  test('events.prune runs the same statements for 499 events as for one', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const event = eventInput({ timestamp: new Date(0), metadata: { one: 1 } });
    await db.events.record(event);
    await db.events.verify();
    const one = await statementsOf(() => db.events.prune({ before: new Date(1) }));
    await db.events.recordMany(Array.from({ length: 499 }, () => event));
    await db.events.verify();
    expect(await statementsOf(() => db.events.prune({ before: new Date(1) }))).toEqual(one);
    // PostgreSQL also locks the chain, and looks for pending entries before each of two batches and before removing events.
    expect(one).toHaveLength(onPostgresql ? 14 : 11);
  });

  const shared = shareTestDatabase({}, ({ db }) => db.events.record(eventInput({ timestamp: at(1) })));

  test.each([
    ['missing options', undefined, 'options'],
    ['a missing time', {}, 'before'],
    ['a time that is not a Date', { before: 5 }, 'before'],
    ['an unknown field', { before: at(9), keep: 1 }, 'options'],
  ])('events.prune refuses %s', async (_, options, field) => {
    const call = () => callUntyped(shared().db.events, 'prune', options);
    expect(await expectRefused(shared(), 'INVALID_INPUT', call)).toMatchObject({ operation: 'events.prune', field });
  });
});
