import type { EventChainVerification } from '../../src';
import { eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { queryRaw, rawRows, type RawRow } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');

function at(second: number): Date {
  return new Date(t0 + second * 1000);
}

/** A chain whose entries 1 to 10 record events; `e1` is the youngest, so that nothing is compacted until it is pruned. */
async function openChain(): Promise<TestDatabase> {
  const database = await openTestDatabase({ now: () => t0 });
  const seconds = [100, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  await database.db.events.recordMany(
    seconds.map((second, index) => eventInput({ id: `e${index + 1}`, timestamp: at(second) })),
  );
  return database;
}

/** Hides an event and its entry as pruning would. */
function hide(id: string): string {
  return `DELETE FROM security_events WHERE id = '${id}';
    UPDATE security_event_entries SET kind = 'PRUNED', mitigation_applied = NULL, mitigation_details = NULL
      WHERE event_id = '${id}'`;
}

/** The contents of the tables of the chain, to be restored as from a backup. */
async function backUp(database: TestDatabase): Promise<(id: string) => string> {
  const [events, entries] = [
    await rawRows(database, 'security_events'),
    await rawRows(database, 'security_event_entries'),
  ];
  return (id) => {
    const event = events.find((row) => row['id'] === id);
    const kinds = entries.filter((row) => row['event_id'] === id).map((row) => restoreEntry(row));
    return [event === undefined ? '' : insert('security_events', event), ...kinds].join(';');
  };
}

function restoreEntry({ sequence, kind, mitigation_applied: applied, mitigation_details: details }: RawRow): string {
  return `UPDATE security_event_entries SET kind = '${String(kind)}',
    mitigation_applied = ${applied === null ? 'NULL' : String(applied === 1)}, mitigation_details = ${literal(details)}
    WHERE sequence = ${String(sequence)}`;
}

function insert(table: string, row: RawRow): string {
  const values = Object.entries(row).map(([column, value]) => {
    if (column === 'mitigation_applied') return String(value === 1);
    if (onPostgresql && /timestamp|_at$/.test(column)) return `to_timestamp(${String(value)}::double precision / 1000)`;
    return literal(value);
  });
  return `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

async function headOf(database: TestDatabase): Promise<RawRow | undefined> {
  const [rows] = await queryRaw(
    database,
    'SELECT sequence, hash FROM security_event_entries ORDER BY sequence DESC LIMIT 1',
  );
  return rows?.[0];
}

/** Tampers and verifies; the head must be the same, so that nothing else could show it. */
async function tamper(database: TestDatabase, sql: string): Promise<EventChainVerification> {
  const head = await headOf(database);
  await changeRaw(database, sql);
  expect(await headOf(database)).toEqual(head);
  return database.db.events.verify();
}

describe('events.verify of a pruned chain', () => {
  test('finds one restored event when another event is hidden', async () => {
    const database = await openChain();
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    expect(await database.db.events.verify()).toMatchObject({ valid: true, entries: 11 });
    const result = await tamper(database, `${restore('e3')}; ${hide('e8')}`);
    expect(result).toEqual({ valid: false, entries: 11, break: { reason: 'removed' } });
  });

  test('finds several restored events when the same number of events is hidden', async () => {
    const database = await openChain();
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    const sql = [restore('e2'), restore('e3'), restore('e4'), hide('e9'), hide('e10'), hide('e5')].join(';');
    expect(await tamper(database, sql)).toMatchObject({ valid: false, break: { reason: 'removed' } });
  });

  test('finds one restored event', async () => {
    const database = await openChain();
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    expect(await tamper(database, restore('e3'))).toMatchObject({ valid: false, break: { reason: 'inserted' } });
  });

  test('finds a restored event without its entry', async () => {
    const database = await openChain();
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    const [event = ''] = restore('e3').split(';');
    expect(await tamper(database, event)).toMatchObject({ break: { reason: 'inserted', eventId: 'e3' } });
  });

  test('finds a hidden event, even after the next pruning', async () => {
    const database = await openChain();
    await database.db.events.prune({ before: at(5) });
    await changeRaw(database, hide('e8'));
    await database.db.events.prune({ before: at(6) });
    expect(await database.db.events.verify()).toMatchObject({ valid: false, break: { reason: 'removed' } });
  });

  test('finds a hidden event when another event was restored and pruned again', async () => {
    const database = await openChain();
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    await changeRaw(database, `${restore('e3')}; ${hide('e8')}`);
    await database.db.events.prune({ before: at(5) });
    expect(await database.db.events.verify()).toMatchObject({ valid: false });
  });

  test('finds a hidden event after the entries around it were compacted', async () => {
    const database = await openChain();
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    // e10 is younger than what is pruned from here on.
    await changeRaw(database, `${restore('e3')}; ${hide('e10')}`);
    await database.db.events.prune({ before: at(9) });
    await database.db.events.record(eventInput({ timestamp: at(200) }));
    await database.db.events.prune({ before: at(150) });
    expect(await database.db.events.verify()).toMatchObject({ valid: false });
    await database.db.events.prune({ before: at(300) });
    expect(await database.db.events.verify()).toMatchObject({ valid: false });
  });

  test('finds a hidden mitigation in place of one whose event was pruned', async () => {
    const database = await openChain();
    const { events } = database.db;
    await events.markMitigated('e3', { applied: true, details: 'Blocked' });
    await events.markMitigated('e8', { applied: true });
    const restore = await backUp(database);
    await events.prune({ before: at(5) });
    expect(await events.verify()).toMatchObject({ valid: true });
    const hidden = `UPDATE security_event_entries SET kind = 'PRUNED', mitigation_applied = NULL
      WHERE event_id = 'e8' AND kind = 'MITIGATED'`;
    expect(await tamper(database, `${restore('e3')}; ${hidden}; ${hide('e9')}`)).toMatchObject({
      break: { reason: 'removed' },
    });
  });

  test('finds a pruning entry that is forged to look like the entry of a pruned event', async () => {
    const database = await openChain();
    await database.db.events.prune({ before: at(3) });
    await database.db.events.prune({ before: at(5) });
    const sql = "UPDATE security_event_entries SET event_id = 'e9', mitigation_details = NULL WHERE sequence = 12";
    expect(await tamper(database, `${hide('e9')}; ${sql}`)).toMatchObject({ valid: false });
  });

  test('finds a pruning that was undone as a whole', async () => {
    const database = await openChain();
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    await database.db.events.record(eventInput({ timestamp: at(200) }));
    const sql = `${restore('e2')}; ${restore('e3')}; ${restore('e4')};
      UPDATE security_event_entries SET event_id = 'x', mitigation_details = NULL WHERE sequence = 11`;
    expect(await tamper(database, sql)).toMatchObject({ valid: false });
  });

  test.each([
    ['count of events', '"events":3', '"events":4'],
    ['number of marked entries', '"marked":4', '"marked":5'],
    ['time', String(t0 + 5000), String(t0 + 6000)],
    ['checkpoint', '"beginning":null', '"beginning":{"sequence":1,"events":1,"createdAt":0}'],
  ])('finds a changed %s in a pruning entry', async (_, from, to) => {
    const database = await openChain();
    await database.db.events.prune({ before: at(5) });
    const sql = `UPDATE security_event_entries SET mitigation_details = replace(mitigation_details, '${from}', '${to}')
      WHERE sequence = 11`;
    expect(await tamper(database, sql)).toMatchObject({ break: { reason: 'changed', sequence: 11 } });
  });

  test('finds a forged pruning entry, even after later prunings', async () => {
    const database = await openChain();
    await database.db.events.prune({ before: at(5) });
    const forge = `UPDATE security_event_entries
      SET mitigation_details = replace(mitigation_details, '"marked":4', '"marked":5') WHERE sequence = 11`;
    await changeRaw(database, `${hide('e8')}; ${forge}`);
    for (const second of [50, 150]) {
      await database.db.events.prune({ before: at(second) });
      expect(await database.db.events.verify()).toMatchObject({ valid: false, break: { sequence: 11 } });
    }
  });
});

describe('events.verify of a chain with a compacted beginning', () => {
  /** Entries 1 to 4 are compacted, 5 to 10 record events, 11 is the pruning. */
  async function openCompacted(): Promise<TestDatabase & { restore: (id: string) => string }> {
    const database = await openTestDatabase({ now: () => t0 });
    const seconds = Array.from({ length: 10 }, (_, index) => index + 1);
    await database.db.events.recordMany(
      seconds.map((second) => eventInput({ id: `e${second}`, timestamp: at(second) })),
    );
    const restore = await backUp(database);
    await database.db.events.prune({ before: at(5) });
    expect(await database.db.events.verify()).toMatchObject({ valid: true, checkpoint: { sequence: 4, count: 4 } });
    return { ...database, restore };
  }

  test('finds a checkpoint that was moved to a later entry', async () => {
    const database = await openCompacted();
    const sql = `DELETE FROM security_events WHERE id = 'e5';
      UPDATE security_event_checkpoints SET sequence = 5,
        hash = (SELECT hash FROM security_event_entries WHERE sequence = 5) WHERE sequence = 4;
      DELETE FROM security_event_entries WHERE sequence = 5`;
    expect(await tamper(database, sql)).toMatchObject({ break: { reason: 'removed' } });
  });

  test.each([
    ['count', 'count = 5', 'changed'],
    ['time', 'created_at = (SELECT min(timestamp) FROM security_events)', 'changed'],
  ])('finds a changed %s in the checkpoint', async (_, set, reason) => {
    const database = await openCompacted();
    const sql = `UPDATE security_event_checkpoints SET ${set} WHERE sequence = 4`;
    expect(await tamper(database, sql)).toMatchObject({ break: { reason, sequence: 4 } });
  });

  test('finds a beginning that was restored from a backup', async () => {
    const database = await openTestDatabase({ now: () => t0 });
    const { events } = database.db;
    await events.recordMany([1, 2, 3, 4].map((second) => eventInput({ id: `e${second}`, timestamp: at(second) })));
    const entries = await rawRows(database, 'security_event_entries');
    const stored = await rawRows(database, 'security_events');
    await events.prune({ before: at(3) });
    const sql = [
      ...stored.slice(0, 2).map((row) => insert('security_events', row)),
      ...entries.slice(0, 2).map((row) => insertEntry(row)),
      'DELETE FROM security_event_checkpoints WHERE sequence > 0',
    ].join(';');
    expect(await tamper(database, sql)).toMatchObject({ break: { reason: 'inserted', sequence: 1 } });
  });

  test('finds a hidden event after two prunings that both compact entries', async () => {
    const database = await openCompacted();
    await database.db.events.prune({ before: at(7) });
    expect(await database.db.events.verify()).toMatchObject({ valid: true, checkpoint: { sequence: 6, count: 6 } });
    expect(await tamper(database, hide('e9'))).toMatchObject({ break: { reason: 'removed' } });
    await database.db.events.prune({ before: at(9) });
    expect(await database.db.events.verify()).toMatchObject({ break: { reason: 'removed' } });
    await database.db.events.prune({ before: at(99) });
    expect(await database.db.events.verify()).toMatchObject({ break: { reason: 'removed' } });
  });

  test('finds a broken hash, which no later pruning compacts', async () => {
    const database = await openCompacted();
    await changeRaw(database, "UPDATE security_event_entries SET digest = 'x' WHERE sequence = 7");
    await database.db.events.prune({ before: at(99) });
    const result = await database.db.events.verify();
    expect(result).toMatchObject({ valid: false, break: { reason: 'changed', sequence: 7 } });
  });

  function insertEntry(row: RawRow): string {
    return insert('security_event_entries', { ...row, mitigation_applied: null }).replace(/\bfalse\b/, 'NULL');
  }
});

describe('events.prune', () => {
  test('compacts long-pruned entries in steps and keeps the chain valid', async () => {
    const database = await openTestDatabase();
    const { events } = database.db;
    const ids = Array.from({ length: 2600 }, (_, index) => `e${index}`);
    await events.recordMany(ids.map((id, index) => eventInput({ id, timestamp: at(index === 0 ? 100 : 1) })));
    await events.prune({ before: at(50), batchSize: 10_000 });
    expect(await events.verify()).toMatchObject({ valid: true, entries: 2601 });
    expect(await events.prune({ before: at(150) })).toBe(1);
    expect(await events.verify()).toMatchObject({ valid: true, entries: 1, checkpoint: { count: 2600 } });
    const entries = await rawRows(database, 'security_event_entries');
    expect(await events.prune({ before: at(150) })).toBe(0);
    expect(await rawRows(database, 'security_event_entries')).toEqual(entries);
  });

  test('adds no entry to an empty chain', async () => {
    const database = await openTestDatabase();
    expect(await database.db.events.prune({ before: at(1) })).toBe(0);
    expect(await rawRows(database, 'security_event_checkpoints')).toEqual([]);
    expect(await database.db.events.verify()).toMatchObject({ valid: true });
  });
});
