import type { EventChainHead } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');
const zeros = '0'.repeat(64);

/** Five events, one a second. */
async function openChain(): Promise<TestDatabase> {
  const database = await openTestDatabase({ now: () => t0 });
  const event = (second: number) => eventInput({ id: `e${second}`, timestamp: new Date(t0 + second * 1000) });
  await database.db.events.recordMany([1, 2, 3, 4, 5].map(event));
  return database;
}

async function headAt(database: TestDatabase, sequence: number): Promise<EventChainHead> {
  const rows = await rawRows(database, 'security_event_entries');
  const row = rows.find((entry) => entry['sequence'] === sequence);
  return { sequence, hash: String(row?.['hash']) };
}

describe('events.verify with an expected head', () => {
  test('is valid when the entry still has the expected hash', async () => {
    const database = await openChain();
    const { events } = database.db;
    const kept = await events.verify();
    if (!kept.valid) throw new Error('The chain is broken');
    expect(await events.verify({ expected: kept.head })).toEqual(kept);
    await events.record(eventInput());
    expect(await events.verify({ expected: kept.head })).toMatchObject({ valid: true, head: { sequence: 6 } });
    for (const sequence of [1, 3]) {
      expect(await events.verify({ expected: await headAt(database, sequence) })).toMatchObject({ valid: true });
    }
  });

  test('ignores the case of hexadecimal digits', async () => {
    const database = await openChain();
    const { sequence, hash } = await headAt(database, 3);
    const expected = { sequence, hash: hash.toUpperCase() };
    expect(await database.db.events.verify({ expected })).toMatchObject({ valid: true });
  });

  test.each([1, 3, 5])('reports a different hash of entry %i as changed', async (sequence) => {
    const { db } = await openChain();
    expect(await db.events.verify({ expected: { sequence, hash: zeros } })).toEqual({
      valid: false,
      entries: sequence - 1,
      break: { sequence, reason: 'changed' },
    });
  });

  test('reports a recreated chain as changed', async () => {
    const database = await openChain();
    const expected = await headAt(database, 5);
    await changeRaw(
      database,
      'DELETE FROM security_events; DELETE FROM security_event_entries; DELETE FROM security_event_checkpoints',
    );
    const forged = [1, 2, 3, 4, 5, 6].map((index) => eventInput({ id: `e${index}` }));
    await database.db.events.recordMany(forged);
    const { events } = database.db;
    expect(await events.verify()).toMatchObject({ valid: true });
    expect(await events.verify({ expected })).toMatchObject({ break: { sequence: 5, reason: 'changed' } });
  });

  test.each([
    ['the last event and its entry', "DELETE FROM security_events WHERE id = 'e5'", 5],
    ['the last entry alone', 'SELECT 1', 5],
    ['everything but the first', "DELETE FROM security_events WHERE id <> 'e1'", 2],
    ['everything', 'DELETE FROM security_events', 1],
  ])('reports deleted entries at the end of the chain as removed: %s', async (_, sql, first) => {
    const database = await openChain();
    const expected = await headAt(database, 5);
    await changeRaw(database, `${sql}; DELETE FROM security_event_entries WHERE sequence >= ${first}`);
    expect(await database.db.events.verify({ expected })).toMatchObject({
      valid: false,
      break: { sequence: 5, reason: 'removed' },
    });
  });

  test('reports the expected entry as removed when the database is empty', async () => {
    const { db } = await openTestDatabase();
    const expected = { sequence: 3, hash: zeros };
    expect(await db.events.verify({ expected })).toEqual({
      valid: false,
      entries: 0,
      break: { sequence: 3, reason: 'removed' },
    });
  });

  test('detects a pruning that was rolled back and repeated', async () => {
    const database = await openChain();
    const { events } = database.db;
    await events.prune({ before: new Date(t0 + 3000) });
    const kept = await events.verify();
    if (!kept.valid) throw new Error('The chain is broken');
    await changeRaw(database, `DELETE FROM security_event_entries WHERE sequence = ${kept.head.sequence}`);
    await events.prune({ before: new Date(t0 + 4000) });
    expect(await events.verify({ expected: kept.head })).toMatchObject({ valid: false });
  });

  test('compares the hash with a checkpoint of exactly that sequence', async () => {
    const database = await openChain();
    const { events } = database.db;
    const [before, exact, after] = [await headAt(database, 2), await headAt(database, 3), await headAt(database, 4)];
    await events.prune({ before: new Date(t0 + 4000) });
    expect(await events.verify({ expected: exact })).toMatchObject({ valid: true, checkpoint: { sequence: 3 } });
    expect(await events.verify({ expected: after })).toMatchObject({ valid: true });
    expect(await events.verify({ expected: { sequence: 3, hash: zeros } })).toEqual({
      valid: false,
      entries: 0,
      break: { sequence: 3, reason: 'changed' },
    });
    expect(await events.verify({ expected: before })).toEqual({
      valid: false,
      entries: 3,
      break: { sequence: 2, reason: 'unproven' },
    });
  });

  test('does not accept a forged checkpoint as proof', async () => {
    const database = await openChain();
    const { events } = database.db;
    await events.prune({ before: new Date(t0 + 4000) });
    await changeRaw(
      database,
      `INSERT INTO security_event_checkpoints SELECT 2, '${zeros}', 2, created_at
        FROM security_event_checkpoints WHERE sequence = 3`,
    );
    const expected = { sequence: 2, hash: zeros };
    expect(await events.verify({ expected })).toMatchObject({ break: { sequence: 2, reason: 'unproven' } });
  });

  test('reports a change of a kept entry before an unproven entry', async () => {
    const database = await openChain();
    const { events } = database.db;
    const expected = await headAt(database, 1);
    await events.prune({ before: new Date(t0 + 4000) });
    await changeRaw(database, "UPDATE security_events SET source = 'x' WHERE id = 'e5'");
    expect(await events.verify({ expected })).toMatchObject({ break: { sequence: 5, reason: 'changed' } });
  });

  test('accepts the head of an empty chain for every chain', async () => {
    const expected = { sequence: 0, hash: '' };
    const empty = await openTestDatabase();
    expect(await empty.db.events.verify({ expected })).toEqual({ valid: true, entries: 0, head: expected });
    const { db } = await openChain();
    expect(await db.events.verify({ expected })).toMatchObject({ valid: true });
    await db.events.prune({ before: new Date(t0 + 4000) });
    expect(await db.events.verify({ expected })).toMatchObject({ valid: true });
  });

  test('accepts a transaction and read options', async () => {
    const database = await openChain();
    const expected = await headAt(database, 5);
    expect(await database.db.events.verify({ expected, consistency: 'primary' })).toMatchObject({ valid: true });
    const verify = database.db.transaction((tx) => tx.events.verify({ expected: { sequence: 5, hash: zeros } }));
    expect(await verify).toMatchObject({ break: { sequence: 5, reason: 'changed' } });
  });

  test.each([
    ['null', null, 'expected'],
    ['a text', zeros, 'expected'],
    ['an empty object', {}, 'expected.sequence'],
    ['no hash', { sequence: 1 }, 'expected.hash'],
    ['no sequence', { hash: zeros }, 'expected.sequence'],
    ['a negative sequence', { sequence: -1, hash: zeros }, 'expected.sequence'],
    ['a fraction', { sequence: 1.5, hash: zeros }, 'expected.sequence'],
    ['a sequence that is a text', { sequence: '1', hash: zeros }, 'expected.sequence'],
    ['a sequence beyond all', { sequence: 2 ** 53, hash: zeros }, 'expected.sequence'],
    ['a hash that is a number', { sequence: 1, hash: 5 }, 'expected.hash'],
    ['a hash that was cut', { sequence: 1, hash: zeros.slice(1) }, 'expected.hash'],
    ['a hash of other letters', { sequence: 1, hash: 'g'.repeat(64) }, 'expected.hash'],
    ['an empty hash', { sequence: 1, hash: '' }, 'expected.hash'],
    ['a hash of an empty chain', { sequence: 0, hash: zeros }, 'expected.hash'],
    ['an unknown field', { sequence: 1, hash: zeros, count: 1 }, 'expected'],
  ])('refuses %s', async (_, expected, field) => {
    const database = await openChain();
    const error = await expectRefused(database, 'INVALID_INPUT', () =>
      callUntyped(database.db.events, 'verify', { expected }),
    );
    expect(error).toMatchObject({ operation: 'events.verify', field });
  });
});
