import { createHash } from 'node:crypto';
import type { EventChainHead } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows, type RawRow } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';
import { addEvent, at, copyEntry, openChain, recordSeconds, t0 } from './chain';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Returns the content that the digest of an entry of `openChain` covers. */
function contentOf(entry: RawRow, event: RawRow = {}): unknown[] {
  const head = [entry['kind'], entry['entered_at'], entry['event_id']];
  if (entry['kind'] === 'MITIGATED') return [...head, entry['mitigation_applied'] === 1, entry['mitigation_details']];
  const fields = ['timestamp', 'event_type', 'severity', 'source', 'target', 'description'].map((name) => event[name]);
  const mitigation = [event['mitigation_applied'] === 1, event['mitigation_details']];
  const metadata = [
    ['index', String(event['id']).slice(1)],
    ['more', '"x"'],
  ];
  return [...head, ...fields, ...mitigation, metadata];
}

describe('events.verify', () => {
  test('events.verify returns the same head for two calls without a write between them', async () => {
    const { db } = await openTestDatabase();
    expect(await db.events.verify()).toEqual({ valid: true, entries: 0, pending: 0, head: { sequence: 0, hash: '' } });
    await db.events.record(eventInput());
    const first = await db.events.verify();
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect(first).toEqual({ valid: true, entries: 1, pending: 0, head: { sequence: 1, hash } });
    expect(await db.events.verify()).toEqual(first);
  });

  test('a caller can compute the hashes of the event chain from the stored rows', async () => {
    const database = await openChain();
    const entries = await rawRows(database, 'security_event_entries');
    const events = await rawRows(database, 'security_events');
    let hash = '';
    for (const entry of entries) {
      const event = events.find(({ id }) => id === entry['event_id']);
      const digest = sha256(JSON.stringify(contentOf(entry, event)));
      hash = sha256(`${hash}:${String(entry['sequence'])}:${digest}`);
      expect(entry).toMatchObject({ digest, hash });
    }
    expect(await database.db.events.verify()).toMatchObject({ head: { sequence: 12, hash } });
    // A changed hash would mean a changed hash format, which would invalidate every stored chain.
    expect(hash).toBe('cf0613d55a23551340b623f8a72c0dde104b2823710e5b7397f0b463f3f5e081');
  });

  test('events.verify finds a forged entry even after later writes and after the database is opened again', async () => {
    const { database, db } = await openChain();
    await changeRaw(database, `${addEvent}; ${copyEntry(5, 13, 'x', "''")}`);
    await db.events.record(eventInput());
    await db.events.markMitigated('e3', { applied: true });
    await db.events.prune({ before: new Date(t0 + 2) });
    const expected = { valid: false, break: { sequence: 13, reason: 'inserted' } };
    expect(await db.events.verify()).toMatchObject(expected);
    await db.close();
    await db.initialize();
    expect(await db.events.verify()).toMatchObject(expected);
  });
});

describe('events.verify with an expected head', () => {
  const zeros = '0'.repeat(64);

  const fill = (database: TestDatabase) => recordSeconds(database, 1, 2, 3, 4, 5);
  const shared = shareTestDatabase({ now: () => t0 }, fill);

  async function openFive(): Promise<TestDatabase> {
    const database = await openTestDatabase({ now: () => t0 });
    await fill(database);
    return database;
  }

  async function headAt(database: TestDatabase, sequence: number): Promise<EventChainHead> {
    const rows = await rawRows(database, 'security_event_entries');
    const row = rows.find((entry) => entry['sequence'] === sequence);
    return { sequence, hash: String(row?.['hash']) };
  }

  test('events.verify returns valid: true while the expected entry has the expected hash', async () => {
    const database = await openFive();
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

  test('events.verify ignores the letter case of the expected hash', async () => {
    const { sequence, hash } = await headAt(shared(), 3);
    const expected = { sequence, hash: hash.toUpperCase() };
    expect(await shared().db.events.verify({ expected })).toMatchObject({ valid: true });
  });

  test.each([1, 3, 5])('events.verify reports a different hash of entry %i as changed', async (sequence) => {
    expect(await shared().db.events.verify({ expected: { sequence, hash: zeros } })).toEqual({
      valid: false,
      entries: sequence - 1,
      pending: 0,
      break: { sequence, reason: 'changed' },
    });
  });

  test('events.verify reports a recreated event chain as changed', async () => {
    const database = await openFive();
    const expected = await headAt(database, 5);
    const tables = ['security_events', 'security_event_entries', 'security_event_checkpoints'];
    await changeRaw(database, tables.map((table) => `DELETE FROM ${table}`).join(';'));
    const { events } = database.db;
    await events.recordMany([1, 2, 3, 4, 5, 6].map((index) => eventInput({ id: `e${index}` })));
    expect(await events.verify()).toMatchObject({ valid: true });
    expect(await events.verify({ expected })).toMatchObject({ break: { sequence: 5, reason: 'changed' } });
  });

  test.each([
    ['the last event', "DELETE FROM security_events WHERE id = 'e5'", 5],
    ['no other row', 'SELECT 1', 5],
    ['all events but the first', "DELETE FROM security_events WHERE id <> 'e1'", 2],
    ['all events', 'DELETE FROM security_events', 1],
  ])(
    'events.verify reports the expected entry as removed when this entry was deleted with %s',
    async (_, sql, first) => {
      const database = await openFive();
      const expected = await headAt(database, 5);
      await changeRaw(database, `${sql}; DELETE FROM security_event_entries WHERE sequence >= ${first}`);
      expect(await database.db.events.verify({ expected })).toMatchObject({
        valid: false,
        break: { sequence: 5, reason: 'removed' },
      });
    },
  );

  test('events.verify reports the expected entry as removed when the database is empty', async () => {
    const { db } = await openTestDatabase();
    expect(await db.events.verify({ expected: { sequence: 3, hash: zeros } })).toEqual({
      valid: false,
      entries: 0,
      pending: 0,
      break: { sequence: 3, reason: 'removed' },
    });
  });

  test('events.verify finds a pruning whose entry was deleted before another pruning', async () => {
    const database = await openFive();
    const { events } = database.db;
    await events.prune({ before: at(3) });
    const kept = await events.verify();
    if (!kept.valid) throw new Error('The chain is broken');
    await changeRaw(database, `DELETE FROM security_event_entries WHERE sequence = ${kept.head.sequence}`);
    await events.prune({ before: at(4) });
    expect(await events.verify({ expected: kept.head })).toMatchObject({ valid: false });
  });

  test('events.verify does not accept a forged older checkpoint with the expected hash', async () => {
    const database = await openFive();
    const { events } = database.db;
    const [before, exact, after] = [await headAt(database, 2), await headAt(database, 3), await headAt(database, 4)];
    await events.prune({ before: at(4) });
    expect(await events.verify({ expected: exact })).toMatchObject({ valid: true, checkpoint: { sequence: 3 } });
    expect(await events.verify({ expected: after })).toMatchObject({ valid: true });
    const changed = { valid: false, entries: 0, pending: 0, break: { sequence: 3, reason: 'changed' } };
    expect(await events.verify({ expected: { sequence: 3, hash: zeros } })).toEqual(changed);
    const unproven = { valid: false, entries: 3, pending: 0, break: { sequence: 2, reason: 'unproven' } };
    expect(await events.verify({ expected: before })).toEqual(unproven);
    const forge = `INSERT INTO security_event_checkpoints
      SELECT 2, '${zeros}', 2, created_at FROM security_event_checkpoints WHERE sequence = 3`;
    await changeRaw(database, forge);
    const { break: found } = unproven;
    expect(await events.verify({ expected: { sequence: 2, hash: zeros } })).toMatchObject({ break: found });
  });

  test('events.verify reports a changed entry before an expected entry that cannot be proven', async () => {
    const database = await openFive();
    const { events } = database.db;
    const expected = await headAt(database, 1);
    await events.prune({ before: at(4) });
    await changeRaw(database, "UPDATE security_events SET source = 'x' WHERE id = 'e5'");
    expect(await events.verify({ expected })).toMatchObject({ break: { sequence: 5, reason: 'changed' } });
  });

  test('events.verify accepts the expected head of an empty chain for every chain', async () => {
    const expected = { sequence: 0, hash: '' };
    const database = await openTestDatabase();
    const { events } = database.db;
    expect(await events.verify({ expected })).toEqual({ valid: true, entries: 0, pending: 0, head: expected });
    await recordSeconds(database, 1, 2, 3);
    expect(await events.verify({ expected })).toMatchObject({ valid: true });
    await events.prune({ before: at(3) });
    expect(await events.verify({ expected })).toMatchObject({ valid: true });
  });

  test('events.verify accepts read options and works inside a transaction', async () => {
    const { db } = shared();
    const expected = await headAt(shared(), 5);
    expect(await db.events.verify({ expected, consistency: 'primary' })).toMatchObject({ valid: true });
    const verify = db.transaction((tx) => tx.events.verify({ expected: { sequence: 5, hash: zeros } }));
    expect(await verify).toMatchObject({ break: { sequence: 5, reason: 'changed' } });
  });

  test.each([
    ['null', null, 'expected'],
    ['a text', zeros, 'expected'],
    ['an empty object', {}, 'expected.sequence'],
    ['a missing hash', { sequence: 1 }, 'expected.hash'],
    ['a missing sequence', { hash: zeros }, 'expected.sequence'],
    ['a negative sequence', { sequence: -1, hash: zeros }, 'expected.sequence'],
    ['a fraction', { sequence: 1.5, hash: zeros }, 'expected.sequence'],
    ['a sequence that is a text', { sequence: '1', hash: zeros }, 'expected.sequence'],
    ['a sequence that is not a safe integer', { sequence: 2 ** 53, hash: zeros }, 'expected.sequence'],
    ['a hash that is a number', { sequence: 1, hash: 5 }, 'expected.hash'],
    ['a hash that is too short', { sequence: 1, hash: zeros.slice(1) }, 'expected.hash'],
    ['a hash with other letters', { sequence: 1, hash: 'g'.repeat(64) }, 'expected.hash'],
    ['an empty hash', { sequence: 1, hash: '' }, 'expected.hash'],
    ['a hash for an empty chain', { sequence: 0, hash: zeros }, 'expected.hash'],
    ['an unknown field', { sequence: 1, hash: zeros, count: 1 }, 'expected'],
  ])('events.verify refuses an expected head with %s', async (_, expected, field) => {
    const { events } = shared().db;
    const error = await expectError('INVALID_INPUT', () => callUntyped(events, 'verify', { expected }));
    expect(error).toMatchObject({ operation: 'events.verify', field });
  });
});
