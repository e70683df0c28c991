import { eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { queryRaw, rawRows, type RawRow, untilSequenced } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { at, recordSeconds, t0 } from './chain';

/** A chain of events, and the SQL that restores the rows of an event as from a backup. */
interface Chain extends TestDatabase {
  readonly restore: (...ids: string[]) => string;
  readonly entries: readonly RawRow[];
}

/** Opens a chain with an event at each of the given seconds, mitigates the given events, and backs the rows up. */
async function openChain(seconds: readonly number[], mitigated: readonly string[] = []): Promise<Chain> {
  const database = await openTestDatabase({ now: () => t0 });
  await recordSeconds(database, ...seconds);
  for (const id of mitigated) await database.db.events.markMitigated(id, { applied: true, details: 'Blocked' });
  const events = await rawRows(database, 'security_events');
  const entries = await rawRows(database, 'security_event_entries');
  const restore = (...ids: string[]) =>
    [
      ...events.filter(({ id }) => ids.includes(String(id))).map((row) => insert('security_events', row)),
      ...entries.filter((row) => ids.includes(String(row['event_id']))).map(restoreEntry),
    ].join(';');
  return { ...database, restore, entries };
}

/** Opens a chain whose first event is the newest, so that pruning compacts no entry. */
const openUncompacted = (mitigated?: readonly string[]) => openChain([100, 2, 3, 4, 5, 6, 7, 8, 9, 10], mitigated);

/** Opens a chain whose entries 1 to 4 are compacted. Entries 5 to 10 record events, and entry 11 the pruning. */
async function openCompacted(): Promise<Chain> {
  const chain = await openChain([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await prune(chain, 5);
  expect(await chain.db.events.verify()).toMatchObject({ valid: true, checkpoint: { sequence: 4, count: 4 } });
  return chain;
}

const prune = ({ db }: Chain, second: number) => db.events.prune({ before: at(second) });

/** Returns the SQL that hides events and their entries in the same way as pruning. */
function hide(...ids: readonly string[]): string {
  const list = ids.map((id) => `'${id}'`).join();
  return `DELETE FROM security_events WHERE id IN (${list});
    UPDATE security_event_entries SET kind = 'PRUNED', mitigation_applied = NULL, mitigation_details = NULL
      WHERE event_id IN (${list})`;
}

function restoreEntry({ sequence, kind, mitigation_applied: applied, mitigation_details: details }: RawRow): string {
  return `UPDATE security_event_entries SET kind = '${String(kind)}',
    mitigation_applied = ${applied === null ? 'NULL' : String(applied === 1)}, mitigation_details = ${literal(details)}
    WHERE sequence = ${String(sequence)}`;
}

function insert(table: string, row: RawRow): string {
  const values = Object.entries(row).map(([column, value]) => {
    if (column === 'mitigation_applied') return value === null ? 'NULL' : String(value === 1);
    if (onPostgresql && /timestamp|_at$/.test(column)) return `to_timestamp(${String(value)}::double precision / 1000)`;
    return literal(value);
  });
  return `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

const head = 'SELECT sequence, hash FROM security_event_entries ORDER BY sequence DESC LIMIT 1';

/**
 * Runs SQL that tampers with the chain, and expects the break. The SQL must not change the head of the chain, because a
 * changed head alone would reveal the tampering.
 */
async function expectFound(chain: Chain, sql: string, found: object = {}): Promise<void> {
  await untilSequenced(chain);
  const [before] = await queryRaw(chain, head);
  await changeRaw(chain, sql);
  expect((await queryRaw(chain, head))[0]).toEqual(before);
  await expectBroken(chain, found);
}

async function expectBroken({ db }: Chain, found: object = {}): Promise<void> {
  const result = await db.events.verify();
  expect(result).toMatchObject({ valid: false, break: found });
}

const changed = { reason: 'changed' };
const removed = { reason: 'removed' };
const inserted = { reason: 'inserted' };

describe('events.verify of a pruned chain', () => {
  test.each<[string, (restore: Chain['restore']) => string, object]>([
    ['one restored and one hidden event', (restore) => `${restore('e3')}; ${hide('e8')}`, removed],
    [
      'several restored and as many hidden events',
      (restore) => `${restore('e2', 'e3', 'e4')}; ${hide('e9', 'e10', 'e5')}`,
      removed,
    ],
    ['one restored event', (restore) => restore('e3'), inserted],
    ['a restored event without entry', (restore) => restore('e3').split(';')[0] ?? '', { ...inserted, eventId: 'e3' }],
  ])('events.verify of a pruned chain finds %s', async (_, tamper, found) => {
    const chain = await openUncompacted();
    await prune(chain, 5);
    expect(await chain.db.events.verify()).toMatchObject({ valid: true, entries: 11 });
    await expectFound(chain, tamper(chain.restore), found);
  });

  test('events.verify finds a hidden event even after the next pruning', async () => {
    const chain = await openUncompacted();
    await prune(chain, 5);
    await changeRaw(chain, hide('e8'));
    await prune(chain, 6);
    await expectBroken(chain, removed);
  });

  test('events.verify finds a hidden event when a pruned event was restored and pruned again', async () => {
    const chain = await openUncompacted();
    await prune(chain, 5);
    await changeRaw(chain, `${chain.restore('e3')}; ${hide('e8')}`);
    await prune(chain, 5);
    await expectBroken(chain);
  });

  test('events.verify finds a hidden event after the adjacent chain entries were compacted', async () => {
    const chain = await openUncompacted();
    await prune(chain, 5);
    await changeRaw(chain, `${chain.restore('e3')}; ${hide('e10')}`);
    await prune(chain, 9);
    await chain.db.events.record(eventInput({ timestamp: at(200) }));
    for (const second of [150, 300]) {
      await prune(chain, second);
      await expectBroken(chain);
    }
  });

  test('events.verify finds a hidden mitigation when another mitigation was restored', async () => {
    const chain = await openUncompacted(['e3', 'e8']);
    await prune(chain, 5);
    expect(await chain.db.events.verify()).toMatchObject({ valid: true });
    const hidden = `UPDATE security_event_entries SET kind = 'PRUNED', mitigation_applied = NULL, mitigation_details = NULL
      WHERE event_id = 'e8' AND kind = 'MITIGATED'`;
    await expectFound(chain, `${chain.restore('e3')}; ${hidden}; ${hide('e9')}`, removed);
  });

  test('events.verify finds a pruning entry that was disguised as the entry of a pruned event', async () => {
    const chain = await openUncompacted();
    await prune(chain, 3);
    await prune(chain, 5);
    const forge = "UPDATE security_event_entries SET event_id = 'e9', mitigation_details = NULL WHERE sequence = 12";
    await expectFound(chain, `${hide('e9')}; ${forge}`);
  });

  test('events.verify finds a pruning that was undone completely', async () => {
    const chain = await openUncompacted();
    await prune(chain, 5);
    await chain.db.events.record(eventInput({ timestamp: at(200) }));
    const forge = "UPDATE security_event_entries SET event_id = 'x', mitigation_details = NULL WHERE sequence = 11";
    await expectFound(chain, `${chain.restore('e2', 'e3', 'e4')}; ${forge}`);
  });

  test.each([
    ['count of events', '"events":3', '"events":4'],
    ['number of marked entries', '"marked":4', '"marked":5'],
    ['time', String(t0 + 5000), String(t0 + 6000)],
    ['checkpoint', '"beginning":null', '"beginning":{"sequence":1,"events":1,"createdAt":0}'],
  ])('events.verify finds a changed %s in a pruning entry, even after later prunings', async (_, from, to) => {
    const chain = await openUncompacted();
    await prune(chain, 5);
    const forge = `UPDATE security_event_entries SET mitigation_details = replace(mitigation_details, '${from}', '${to}')
      WHERE sequence = 11`;
    await expectFound(chain, forge, { ...changed, sequence: 11 });
    await changeRaw(chain, hide('e8'));
    for (const second of [50, 150]) {
      await prune(chain, second);
      await expectBroken(chain, { sequence: 11 });
    }
  });
});

describe('events.verify of a chain with a compacted beginning', () => {
  test.each([
    [
      'a checkpoint that was moved to a later entry',
      `DELETE FROM security_events WHERE id = 'e5';
        UPDATE security_event_checkpoints SET sequence = 5,
          hash = (SELECT hash FROM security_event_entries WHERE sequence = 5) WHERE sequence = 4;
        DELETE FROM security_event_entries WHERE sequence = 5`,
      removed,
    ],
    [
      'a changed time in the checkpoint',
      `UPDATE security_event_checkpoints SET created_at = (SELECT min(timestamp) FROM security_events)
        WHERE sequence = 4`,
      { ...changed, sequence: 4 },
    ],
  ])('events.verify of a compacted chain finds %s', async (_, sql, found) => {
    await expectFound(await openCompacted(), sql, found);
  });

  test('events.verify finds a compacted beginning of the chain that was restored from a backup', async () => {
    const chain = await openChain([1, 2, 3, 4]);
    const events = (await rawRows(chain, 'security_events')).slice(0, 2).map((row) => insert('security_events', row));
    await prune(chain, 3);
    const entries = chain.entries.slice(0, 2).map((row) => insert('security_event_entries', row));
    const checkpoint = 'DELETE FROM security_event_checkpoints WHERE sequence > 0';
    await expectFound(chain, [...events, ...entries, checkpoint].join(';'), { ...inserted, sequence: 1 });
  });

  test('events.verify finds a hidden event after prunings that compact chain entries', async () => {
    const chain = await openCompacted();
    await prune(chain, 7);
    expect(await chain.db.events.verify()).toMatchObject({ valid: true, checkpoint: { sequence: 6, count: 6 } });
    await expectFound(chain, hide('e9'), removed);
    for (const second of [9, 99]) {
      await prune(chain, second);
      await expectBroken(chain, removed);
    }
  });

  test('events.verify finds a changed digest of a checkpoint even after a later pruning', async () => {
    const chain = await openCompacted();
    await changeRaw(chain, "UPDATE security_event_entries SET digest = 'x' WHERE sequence = 7");
    await prune(chain, 99);
    await expectBroken(chain, { ...changed, sequence: 7 });
  });
});

describe('events.prune', () => {
  test('events.prune compacts thousands of pruned chain entries and keeps the chain valid', async () => {
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

  test('events.prune writes nothing when the event chain is empty', async () => {
    const database = await openTestDatabase();
    expect(await database.db.events.prune({ before: at(1) })).toBe(0);
    expect(await rawRows(database, 'security_event_checkpoints')).toEqual([]);
    expect(await database.db.events.verify()).toMatchObject({ valid: true });
  });
});
