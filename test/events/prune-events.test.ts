import { callUntyped, expectRefused } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows, rawValues } from '../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');

function at(second: number): Date {
  return new Date(t0 + second * 1000);
}

/** Records events of these seconds, in this order, under the names of the seconds. */
async function record({ db }: TestDatabase, ...seconds: number[]): Promise<void> {
  await db.events.recordMany(
    seconds.map((second) => eventInput({ id: `e${second}`, timestamp: at(second), metadata: { second } })),
  );
}

async function idsOf({ db }: TestDatabase): Promise<string[]> {
  return (await db.events.query()).map(({ id }) => id);
}

async function kindsOf(database: TestDatabase): Promise<string> {
  return (await rawValues(database, 'security_event_entries', 'kind')).map((kind) => String(kind)[0]).join('');
}

describe('events.prune', () => {
  test('deletes what is from before, and nothing else', async () => {
    const database = await openTestDatabase({ now: () => t0 });
    await record(database, 1, 2, 3, 4);
    expect(await database.db.events.prune({ before: at(3) })).toBe(2);
    expect(await idsOf(database)).toEqual(['e4', 'e3']);
    expect(await rawValues(database, 'security_event_metadata', 'event_id')).toEqual(['e3', 'e4']);
    expect(await database.db.events.prune({ before: at(3) })).toBe(0);
  });

  test('leaves a checkpoint for the beginning, from which the verification goes on', async () => {
    const database = await openTestDatabase({ now: () => t0 });
    const { db } = database;
    await record(database, 1, 2, 3, 4);
    const before = await rawRows(database, 'security_event_entries');
    await db.events.prune({ before: at(3) });
    expect(await kindsOf(database)).toBe('RRP');
    const result = await db.events.verify();
    expect(result).toEqual({
      valid: true,
      entries: 3,
      head: { sequence: 5, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      checkpoint: { sequence: 2, hash: before[1]?.['hash'], count: 2, createdAt: new Date(t0) },
    });
    await record(database, 5);
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 4, head: { sequence: 6 } });
  });

  test('keeps the place of what stands between others, until the beginning has reached it', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await record(database, 9, 1, 2, 8, 3);
    await db.events.markMitigated('e2', { applied: true, details: 'secret' });
    await db.events.markMitigated('e9', { applied: true });
    expect(await db.events.prune({ before: at(5) })).toBe(3);
    expect(await kindsOf(database)).toBe('RPPRPPMP');
    const left = await rawRows(database, 'security_event_entries');
    expect(left[5]).toMatchObject({ event_id: 'e2', mitigation_applied: null, mitigation_details: null });
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 8 });

    expect(await db.events.prune({ before: at(9) })).toBe(1);
    expect(await kindsOf(database)).toBe('RPPPPPMPP');
    expect(await db.events.prune({ before: at(10) })).toBe(1);
    // The last entry tells of the last pruning.
    expect(await kindsOf(database)).toBe('P');
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1, checkpoint: { sequence: 9, count: 5 } });
    expect(await idsOf(database)).toEqual([]);
  });

  test('takes as many batches as it needs', async () => {
    const database = await openTestDatabase();
    await record(database, ...Array.from({ length: 25 }, (_, index) => index));
    expect(await database.db.events.prune({ before: at(23), batchSize: 5 })).toBe(23);
    expect(await idsOf(database)).toEqual(['e24', 'e23']);
    expect(await database.db.events.verify()).toMatchObject({ valid: true, checkpoint: { count: 23 } });
    expect(await rawValues(database, 'security_event_checkpoints', 'sequence')).toEqual([0, 23]);
  });

  test('keeps the entry of the last pruning, whatever stands after it', async () => {
    const database = await openTestDatabase();
    await record(database, 1);
    await database.db.events.prune({ before: at(2) });
    await record(database, 3);
    expect(await database.db.events.prune({ before: at(2) })).toBe(0);
    expect(await kindsOf(database)).toBe('PR');
    expect(await database.db.events.verify()).toMatchObject({ valid: true });
  });

  test('is a part of a transaction', async () => {
    const database = await openTestDatabase();
    await record(database, 1, 2, 3);
    const work = database.db.transaction(async (tx) => {
      expect(await tx.events.prune({ before: at(3), batchSize: 1 })).toBe(2);
      expect(await tx.events.verify()).toMatchObject({ valid: true });
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await idsOf(database)).toEqual(['e3', 'e2', 'e1']);
    expect(await database.db.events.verify()).toMatchObject({ valid: true, entries: 3 });
  });

  test('lets an id be used again', async () => {
    const database = await openTestDatabase();
    await record(database, 5, 1);
    await database.db.events.markMitigated('e1', { applied: true });
    await database.db.events.prune({ before: at(2) });
    await record(database, 1);
    expect(await database.db.events.get('e1')).toMatchObject({ mitigationApplied: false });
    expect(await database.db.events.verify()).toMatchObject({ valid: true });
    await database.db.events.prune({ before: at(2) });
    expect(await database.db.events.verify()).toMatchObject({ valid: true });
  });

  test('begins with what was there before the first of all times', async () => {
    const database = await openTestDatabase();
    await record(database, 1);
    expect(await database.db.events.prune({ before: new Date(-8.64e15) })).toBe(0);
    expect(await database.db.events.prune({ before: new Date(8.64e15) })).toBe(1);
  });

  test.each([
    ['no options', undefined, 'options'],
    ['no time', {}, 'before'],
    ['a time that is none', { before: 5 }, 'before'],
    ['a batch of 0', { before: at(9), batchSize: 0 }, 'batchSize'],
    ['a batch of 10001', { before: at(9), batchSize: 10_001 }, 'batchSize'],
    ['an unknown field', { before: at(9), keep: 1 }, 'options'],
  ])('refuses %s', async (_, options, field) => {
    const database = await openTestDatabase();
    await record(database, 1);
    const error = await expectRefused(database, 'INVALID_INPUT', () =>
      callUntyped(database.db.events, 'prune', options),
    );
    expect(error).toMatchObject({ operation: 'events.prune', field });
  });
});
