import { rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { shareTestDatabase } from '../support/test-database';
import { addEvent, copyEntry, deleteEntries, fillChain, openChain, shift, swap, t0 } from './chain';

const tables = ['security_events', 'security_event_metadata', 'security_event_entries', 'security_event_checkpoints'];

const setEvent = (set: string) => `UPDATE security_events SET ${set} WHERE id = 'e3'`;
const deleteEvents = (...ids: string[]) => ids.map((id) => `DELETE FROM security_events WHERE id = '${id}'`).join(';');
const setMetadata = (key: string, set: string) =>
  `UPDATE security_event_metadata SET ${set} WHERE event_id = 'e3' AND key = '${key}'`;
const setEntry = (sequence: number, set: string) =>
  `UPDATE security_event_entries SET ${set} WHERE sequence = ${sequence}`;

/** Returns the SQL that gives the entries with the sequence numbers `order` the sequence numbers from `first` on. */
function arrange(first: number, ...order: readonly number[]): string {
  const moves = order.map((from, index) => setEntry(from, `sequence = ${-(first + index)}`));
  return [...moves, 'UPDATE security_event_entries SET sequence = -sequence WHERE sequence < 0'].join(';');
}

const insertEntry = (sequence: number) => `${shift(sequence, 1)}; ${copyEntry(5, sequence, 'x')}`;

/** Tampered parts of the chain of `fillChain`, the reported break (its reason, sequence and event), and the SQL. */
const tampered: readonly (readonly [what: string, expected: string, sql: string])[] = [
  ['the id of an event', 'removed 3 e3', setEvent("id = 'x'")],
  ...[
    "timestamp = (SELECT timestamp FROM security_events WHERE id = 'e4')",
    "event_type = 'OTHER'",
    "severity = 'LOW'",
    "source = ''",
    "target = 'Agent-1'",
    "description = 'Nothing happened'",
    'mitigation_applied = NOT mitigation_applied',
    "mitigation_details = ''",
  ].map((set) => [`the ${set.split(' ')[0] ?? ''} of an event`, 'changed 3 e3', setEvent(set)] as const),
  ['a metadata value', 'changed 3 e3', setMetadata('index', "value = '4'")],
  ['a metadata key', 'changed 3 e3', setMetadata('more', "key = 'most'")],
  ['deleted metadata', 'changed 3 e3', "DELETE FROM security_event_metadata WHERE event_id = 'e3' AND key = 'more'"],
  ['added metadata', 'changed 3 e3', "INSERT INTO security_event_metadata VALUES ('e3', 'new', '1')"],
  ['the details of a mitigation', 'changed 4 e2', setEntry(4, "mitigation_details = 'No'")],
  ['the flag of a mitigation', 'changed 5 e1', setEntry(5, 'mitigation_applied = NOT mitigation_applied')],
  ['the event of a mitigation', 'changed 5 e3', setEntry(5, "event_id = 'e3'")],
  ['the time of an entry', 'changed 6 e4', setEntry(6, 'entered_at = (SELECT max(timestamp) FROM security_events)')],
  ['the digest of an entry', 'changed 6 e4', setEntry(6, "digest = 'x'")],
  ['the hash of an entry', 'changed 6 e4', setEntry(6, "hash = 'x'")],
  ['the events of two entries', 'changed 6 e5', `${setEntry(6, "event_id = 'e5'")}; ${setEntry(7, "event_id = 'e4'")}`],
  ['a deleted event', 'removed 3 e3', deleteEvents('e3')],
  ['a deleted event with its entry', 'removed 7', `${deleteEvents('e5')}; ${deleteEntries("event_id = 'e5'")}`],
  ['a deleted mitigation', 'removed 4', deleteEntries('sequence = 4')],
  ['the deleted first entry', 'removed 1', deleteEntries('sequence = 1')],
  ['a deleted entry whose successors moved up', 'removed 6', `${deleteEntries('sequence = 6')}; ${shift(7, -1)}`],
  ['deleted entries whose successors moved up', 'removed 1', `${deleteEntries('sequence < 4')}; ${shift(4, -3)}`],
  ['the sequence of an entry', 'removed 7', setEntry(7, 'sequence = 99')],
  ['deleted events and entries', 'removed 1', `DELETE FROM security_events; ${deleteEntries('TRUE')}`],
  [
    'a deleted event whose entry is marked as pruned',
    'removed',
    `${deleteEvents('e3')}; UPDATE security_event_entries SET kind = 'PRUNED' WHERE event_id = 'e3'`,
  ],
  [
    'a deleted beginning with a forged checkpoint',
    'removed',
    `INSERT INTO security_event_checkpoints
        SELECT sequence, hash, 3, entered_at FROM security_event_entries WHERE sequence = 5;
      ${deleteEntries('sequence <= 5')}; ${deleteEvents('e1', 'e2', 'e3')}`,
  ],
  ['the deleted last entry', 'inserted e10', deleteEntries('sequence = 12')],
  ['all entries deleted', 'inserted e1', deleteEntries('TRUE')],
  ['an event without an entry', 'inserted x', addEvent],
  ['an entry in the middle', 'inserted 6 x', `${addEvent}; ${insertEntry(6)}`],
  ['two entries around two unchanged ones', 'inserted 6 x', `${addEvent}; ${insertEntry(8)}; ${insertEntry(6)}`],
  [
    'two adjacent entries',
    'inserted 6 x',
    `${addEvent}; ${shift(6, 2)}; ${copyEntry(5, 6, 'x')}; ${copyEntry(5, 7, 'x')}`,
  ],
  ['an entry before the last', 'inserted 12 x', `${addEvent}; ${insertEntry(12)}`],
  ['an entry at the end without a hash', 'inserted 13 x', `${addEvent}; ${copyEntry(5, 13, 'x', "''")}`],
  [
    'a mitigation before the beginning',
    'inserted 0',
    `INSERT INTO security_event_entries (sequence, event_id, kind, entered_at, digest, hash, mitigation_applied)
      SELECT 0, 'e3', 'MITIGATED', entered_at, digest, hash, TRUE FROM security_event_entries WHERE sequence = 3`,
  ],
  ['two adjacent entries swapped', 'reordered 6 e5', swap(6, 7)],
  ['the last two entries swapped', 'reordered 11 e10', swap(11, 12)],
  ['the first and the last entry swapped', 'reordered 1 e10', swap(1, 12)],
  ['two distant entries swapped', 'reordered 6 e8', swap(6, 10)],
  ['four entries exchanged in a cycle', 'reordered 6 e6', arrange(6, 8, 6, 9, 7)],
  ['an entry moved behind three later ones', 'reordered 6 e5', arrange(6, 7, 8, 9, 6)],
  ['two entries moved behind two later ones', 'reordered 6 e6', arrange(6, 8, 9, 6, 7)],
  [
    'an entry moved before seven earlier ones',
    'reordered 2 e7',
    `${setEntry(9, 'sequence = 0')};
      UPDATE security_event_entries SET sequence = -sequence WHERE sequence BETWEEN 2 AND 8;
      UPDATE security_event_entries SET sequence = 1 - sequence WHERE sequence < 0; ${setEntry(0, 'sequence = 2')}`,
  ],
  ['the first of two breaks', 'changed 3 e3', `${setEvent("source = 'x'")}; ${deleteEvents('e7')}`],
];

describe('events.verify', () => {
  const shared = shareTestDatabase({ now: () => t0 }, async (database) => {
    await fillChain(database);
    await changeRaw(database, tables.map((table) => `CREATE TABLE saved_${table} AS SELECT * FROM ${table}`).join(';'));
  });

  afterEach(async () => {
    const deletes = [...tables].reverse().map((table) => `DELETE FROM ${table}`);
    const inserts = tables.map((table) => `INSERT INTO ${table} SELECT * FROM saved_${table}`);
    await changeRaw(shared(), [...deletes, ...inserts].join(';'));
  });

  test.each(tampered)(
    'events.verify finds tampering with the event chain (%s) and reports "%s"',
    async (_, expected, sql) => {
      await changeRaw(shared(), sql);
      const result = await shared().db.events.verify();
      const { reason = '', sequence, eventId } = 'break' in result ? result.break : {};
      expect([reason, sequence, eventId].filter((part) => part !== undefined).join(' ')).toBe(expected);
      expect(result).toMatchObject({ valid: false });
      if (sequence !== undefined) expect(result.entries).toBe(Math.max(0, sequence - 1));
    },
  );
});

describe('events.verify of a pruned chain', () => {
  test.each([
    ['complete', [-1, 0]],
    ['pruned', [-1, 0, 1, 2]],
  ])('events.verify finds an entry that was inserted before the beginning of a %s chain', async (kind, sequences) => {
    const database = await openChain();
    const { events } = database.db;
    if (kind === 'pruned') await events.prune({ before: new Date(t0 + 3) });
    await changeRaw(database, addEvent);
    for (const sequence of sequences) {
      await changeRaw(database, copyEntry(6, sequence, 'x'));
      expect(await events.verify()).toMatchObject({ valid: false, break: { sequence, reason: 'inserted' } });
      await changeRaw(database, deleteEntries(`sequence = ${sequence}`));
    }
  });

  test('events.verify finds a changed count in a checkpoint of the event chain', async () => {
    const database = await openChain();
    const { events } = database.db;
    await events.prune({ before: new Date(t0 + 3) });
    await events.prune({ before: new Date(t0 + 4) });
    await changeRaw(database, 'UPDATE security_event_checkpoints SET count = 4711 WHERE sequence > 0');
    expect(await events.verify()).toMatchObject({ valid: false, break: { reason: 'changed' } });
  });

  test('events.verify finds a changed checkpoint and a kept entry that is marked as pruned', async () => {
    const database = await openChain();
    const { events } = database.db;
    await events.prune({ before: new Date(t0 + 3) });
    expect(await events.verify()).toMatchObject({ valid: true, checkpoint: { sequence: 2, count: 2 } });
    const [, { hash } = {}] = await rawRows(database, 'security_event_checkpoints');
    const checkpoint = (set: string) => `UPDATE security_event_checkpoints SET ${set} WHERE count > 0`;
    for (const [tamper, restore, found] of [
      [setEntry(12, "kind = 'PRUNED'"), setEntry(12, "kind = 'RECORDED'"), { reason: 'removed' }],
      [checkpoint('sequence = 1'), checkpoint('sequence = 2'), { reason: 'removed', sequence: 2 }],
      [checkpoint("hash = 'x'"), checkpoint(`hash = '${String(hash)}'`), { reason: 'changed', sequence: 3 }],
    ] as const) {
      await changeRaw(database, tamper);
      expect(await events.verify()).toMatchObject({ break: found });
      await changeRaw(database, restore);
    }
    expect(await events.verify()).toMatchObject({ valid: true });
  });
});
