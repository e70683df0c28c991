import type { EventChainBreak } from '../../src';
import { eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';
import { addEvent, copyEntry, openChain, shift, swap, t0 } from './chain';

describe('events.verify finds', () => {
  test.each<[string, string, EventChainBreak]>([
    ...Object.entries({
      id: "'x'",
      timestamp: "(SELECT timestamp FROM security_events WHERE id = 'e4')",
      event_type: "'OTHER'",
      severity: "'LOW'",
      source: "''",
      target: "'Agent-1'",
      description: "'Nothing happened'",
      mitigation_applied: 'NOT mitigation_applied',
      mitigation_details: "''",
    }).map(([column, value]): [string, string, EventChainBreak] => [
      `another ${column} of an event`,
      `UPDATE security_events SET ${column} = ${value} WHERE id = 'e3'`,
      { reason: column === 'id' ? 'removed' : 'changed', sequence: 3, eventId: 'e3' },
    ]),
    [
      'another value in metadata',
      "UPDATE security_event_metadata SET value = '4' WHERE event_id = 'e3' AND key = 'index'",
      { reason: 'changed', sequence: 3, eventId: 'e3' },
    ],
    [
      'another key in metadata',
      "UPDATE security_event_metadata SET key = 'most' WHERE event_id = 'e3' AND key = 'more'",
      { reason: 'changed', sequence: 3, eventId: 'e3' },
    ],
    [
      'metadata that are gone',
      "DELETE FROM security_event_metadata WHERE event_id = 'e3' AND key = 'more'",
      { reason: 'changed', sequence: 3, eventId: 'e3' },
    ],
    [
      'metadata that were added',
      "INSERT INTO security_event_metadata VALUES ('e3', 'new', '1')",
      { reason: 'changed', sequence: 3, eventId: 'e3' },
    ],
    [
      'a mitigation with other details',
      "UPDATE security_event_entries SET mitigation_details = 'No' WHERE sequence = 4",
      { reason: 'changed', sequence: 4, eventId: 'e2' },
    ],
    [
      'a mitigation that was turned round',
      'UPDATE security_event_entries SET mitigation_applied = NOT mitigation_applied WHERE sequence = 5',
      { reason: 'changed', sequence: 5, eventId: 'e1' },
    ],
    [
      'a mitigation of another event',
      "UPDATE security_event_entries SET event_id = 'e3' WHERE sequence = 5",
      { reason: 'changed', sequence: 5, eventId: 'e3' },
    ],
    [
      'an entry with another time',
      'UPDATE security_event_entries SET entered_at = (SELECT max(timestamp) FROM security_events) WHERE sequence = 6',
      { reason: 'changed', sequence: 6, eventId: 'e4' },
    ],
    [
      'an entry with another digest',
      "UPDATE security_event_entries SET digest = 'x' WHERE sequence = 6",
      { reason: 'changed', sequence: 6, eventId: 'e4' },
    ],
    [
      'an entry with another hash',
      "UPDATE security_event_entries SET hash = 'x' WHERE sequence = 6",
      { reason: 'changed', sequence: 6, eventId: 'e4' },
    ],
    [
      'an event that is gone',
      "DELETE FROM security_events WHERE id = 'e3'",
      { reason: 'removed', sequence: 3, eventId: 'e3' },
    ],
    [
      'an event that is gone with its entry',
      "DELETE FROM security_events WHERE id = 'e5'; DELETE FROM security_event_entries WHERE event_id = 'e5'",
      { reason: 'removed', sequence: 7 },
    ],
    [
      'a mitigation that is gone',
      'DELETE FROM security_event_entries WHERE sequence = 4',
      { reason: 'removed', sequence: 4 },
    ],
    [
      'an entry that is gone',
      'DELETE FROM security_event_entries WHERE sequence = 1',
      { reason: 'removed', sequence: 1 },
    ],
    [
      'an entry that is gone, and the others moved up',
      `DELETE FROM security_event_entries WHERE sequence = 6; ${shift(7, -1)}`,
      { reason: 'removed', sequence: 6 },
    ],
    [
      'entries that are gone, and the others moved up',
      `DELETE FROM security_event_entries WHERE sequence < 4; ${shift(4, -3)}`,
      { reason: 'removed', sequence: 1 },
    ],
    [
      'an entry with another number',
      'UPDATE security_event_entries SET sequence = 99 WHERE sequence = 7',
      { reason: 'removed', sequence: 7 },
    ],
    [
      'the last entry alone',
      'DELETE FROM security_event_entries WHERE sequence = 12',
      { reason: 'inserted', eventId: 'e10' },
    ],
    ['all entries', 'DELETE FROM security_event_entries', { reason: 'inserted', eventId: 'e1' }],
    [
      'a removal that pretends to be a pruning',
      `DELETE FROM security_events WHERE id = 'e3';
        UPDATE security_event_entries SET kind = 'PRUNED' WHERE event_id = 'e3'`,
      { reason: 'removed' },
    ],
    [
      'a removal that pretends to be a pruning of the beginning',
      `INSERT INTO security_event_checkpoints
          SELECT sequence, hash, 3, entered_at FROM security_event_entries WHERE sequence = 5;
        DELETE FROM security_event_entries WHERE sequence <= 5;
        DELETE FROM security_events WHERE id IN ('e1', 'e2', 'e3')`,
      { reason: 'removed' },
    ],
    ['two entries that follow each other exchanged', swap(6, 7), { reason: 'reordered', sequence: 6, eventId: 'e5' }],
    ['the last two exchanged', swap(11, 12), { reason: 'reordered', sequence: 11, eventId: 'e10' }],
    ['the first and the last exchanged', swap(1, 12), { reason: 'reordered', sequence: 1, eventId: 'e10' }],
    ['two that are apart exchanged', swap(6, 10), { reason: 'reordered', sequence: 6, eventId: 'e8' }],
    [
      'an entry that was moved to the front',
      `UPDATE security_event_entries SET sequence = 0 WHERE sequence = 9;
        UPDATE security_event_entries SET sequence = -sequence WHERE sequence BETWEEN 2 AND 8;
        UPDATE security_event_entries SET sequence = 1 - sequence WHERE sequence < 0;
        UPDATE security_event_entries SET sequence = 2 WHERE sequence = 0`,
      { reason: 'reordered', sequence: 2, eventId: 'e7' },
    ],
    [
      'entries whose events were exchanged',
      `UPDATE security_event_entries SET event_id = 'e5' WHERE sequence = 6;
        UPDATE security_event_entries SET event_id = 'e4' WHERE sequence = 7`,
      { reason: 'changed', sequence: 6, eventId: 'e5' },
    ],
    ['an event that was not recorded', addEvent, { reason: 'inserted', eventId: 'x' }],
    [
      'an entry in between',
      `${addEvent}; ${shift(6, 1)}; ${copyEntry(5, 6, 'x')}`,
      { reason: 'inserted', sequence: 6, eventId: 'x' },
    ],
    [
      'entries in between',
      `${addEvent}; ${shift(6, 2)}; ${copyEntry(5, 6, 'x')}; ${copyEntry(5, 7, 'x')}`,
      { reason: 'inserted', sequence: 6, eventId: 'x' },
    ],
    [
      'an entry before the last',
      `${addEvent}; ${shift(12, 1)}; ${copyEntry(5, 12, 'x')}`,
      { reason: 'inserted', sequence: 12, eventId: 'x' },
    ],
    [
      'an entry at the end without a hash',
      `${addEvent}; ${copyEntry(5, 13, 'x', "''")}`,
      { reason: 'inserted', sequence: 13, eventId: 'x' },
    ],
  ])('%s', async (_, tamper, expected) => {
    const database = await openChain();
    await changeRaw(database, tamper);
    const result = await database.db.events.verify();
    expect(result).toEqual({ valid: false, entries: expect.any(Number) as number, break: expected });
    if (expected.sequence !== undefined) expect(result.entries).toBe(expected.sequence - 1);
  });

  test.each(['a chain from the beginning', 'a chain that was pruned'])(
    'an entry before the beginning of %s',
    async (kind) => {
      const database = await openChain();
      const { events } = database.db;
      const isPruned = kind.endsWith('pruned');
      if (isPruned) await events.prune({ before: new Date(t0 + 3) });
      await changeRaw(database, addEvent);
      for (const sequence of isPruned ? [-1, 0, 1, 2] : [-1, 0]) {
        await changeRaw(database, copyEntry(6, sequence, 'x'));
        expect(await events.verify()).toMatchObject({ valid: false, break: { sequence, reason: 'inserted' } });
        await changeRaw(database, `DELETE FROM security_event_entries WHERE sequence = ${sequence}`);
      }
    },
  );

  test('a mitigation that nobody recorded, before the beginning', async () => {
    const database = await openChain();
    await changeRaw(
      database,
      `INSERT INTO security_event_entries (sequence, event_id, kind, entered_at, digest, hash, mitigation_applied)
        SELECT 0, 'e3', 'MITIGATED', entered_at, digest, hash, TRUE FROM security_event_entries WHERE sequence = 3`,
    );
    expect(await database.db.events.verify()).toMatchObject({ break: { sequence: 0, reason: 'inserted' } });
  });

  test('that nothing is left of what was begun', async () => {
    const database = await openChain();
    await changeRaw(database, 'DELETE FROM security_events; DELETE FROM security_event_entries');
    const broken = { valid: false, entries: 0, break: { sequence: 1, reason: 'removed' } };
    expect(await database.db.events.verify()).toEqual(broken);
  });

  test('another count in a checkpoint', async () => {
    const database = await openChain();
    const { events } = database.db;
    await events.prune({ before: new Date(t0 + 3) });
    await events.prune({ before: new Date(t0 + 4) });
    await changeRaw(database, 'UPDATE security_event_checkpoints SET count = 4711 WHERE sequence > 0');
    expect(await events.verify()).toMatchObject({ valid: false, break: { reason: 'changed' } });
  });

  test('a break in what was pruned', async () => {
    const database = await openChain();
    const { events } = database.db;
    await events.prune({ before: new Date(t0 + 3) });
    expect(await events.verify()).toMatchObject({ valid: true, checkpoint: { sequence: 2, count: 2 } });
    const undo = async (tamper: string, restore: string): Promise<unknown> => {
      await changeRaw(database, tamper);
      const result = await events.verify();
      await changeRaw(database, restore);
      return result;
    };
    const hidden = "UPDATE security_event_entries SET kind = 'PRUNED' WHERE sequence = 12";
    const shown = "UPDATE security_event_entries SET kind = 'RECORDED' WHERE sequence = 12";
    expect(await undo(hidden, shown)).toMatchObject({ break: { reason: 'removed' } });
    const checkpoint = (set: string) => `UPDATE security_event_checkpoints SET ${set} WHERE count > 0`;
    expect(await undo(checkpoint('sequence = 1'), checkpoint('sequence = 2'))).toMatchObject({
      break: { reason: 'removed', sequence: 2 },
    });
    const [, { hash } = {}] = await rawRows(database, 'security_event_checkpoints');
    const hashes = [checkpoint("hash = 'x'"), checkpoint(`hash = '${String(hash)}'`)] as const;
    expect(await undo(...hashes)).toMatchObject({ break: { reason: 'changed', sequence: 3 } });
    expect(await events.verify()).toMatchObject({ valid: true });
  });

  test('the first of several breaks', async () => {
    const database = await openChain();
    await changeRaw(database, "UPDATE security_events SET source = 'x' WHERE id IN ('e3', 'e9')");
    await changeRaw(database, "DELETE FROM security_events WHERE id = 'e7'");
    expect(await database.db.events.verify()).toMatchObject({ entries: 2, break: { sequence: 3, reason: 'changed' } });
  });

  test('a break far from the beginning', async () => {
    const database = await openTestDatabase();
    const { events } = database.db;
    await events.recordMany(Array.from({ length: 2600 }, (_, index) => eventInput({ id: `e${index + 1}` })));
    await changeRaw(database, swap(900, 2500));
    expect(await events.verify()).toMatchObject({ break: { reason: 'reordered', sequence: 900, eventId: 'e2500' } });
    await changeRaw(database, `${swap(900, 2500)}; ${shift(2000, 1)}; ${copyEntry(1, 2000, 'x')}`);
    expect(await events.verify()).toMatchObject({ break: { reason: 'inserted', sequence: 2000, eventId: 'x' } });
    await changeRaw(database, `DELETE FROM security_event_entries WHERE sequence <= 2000; ${shift(2001, -2000)}`);
    expect(await events.verify()).toMatchObject({ break: { reason: 'removed', sequence: 1 } });
  });
});
