import { eventInput } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

export const t0 = Date.parse('2026-06-01T12:00:00.000Z');

/** A chain: entries 1 to 3 and 6 to 12 record events, 4 is a mitigation of `e2`, 5 of `e1`. */
export async function openChain(): Promise<TestDatabase> {
  const database = await openTestDatabase({ now: () => t0 });
  const event = (index: number) =>
    eventInput({ id: `e${index}`, timestamp: new Date(t0 + index), metadata: { index, more: 'x' } });
  const { events } = database.db;
  await events.recordMany([1, 2, 3].map(event));
  await events.markMitigated('e2', { applied: true, details: 'Blocked' });
  await events.markMitigated('e1', { applied: false });
  await events.recordMany([4, 5, 6, 7, 8, 9, 10].map(event));
  expect(await events.verify()).toMatchObject({ valid: true, entries: 12 });
  return database;
}

/** Exchanges the places of two entries. */
export function swap(one: number, other: number): string {
  return [
    `UPDATE security_event_entries SET sequence = -1 WHERE sequence = ${one}`,
    `UPDATE security_event_entries SET sequence = ${one} WHERE sequence = ${other}`,
    `UPDATE security_event_entries SET sequence = ${other} WHERE sequence = -1`,
  ].join(';');
}

/** Moves the entries from `first` on by `by` places. */
export function shift(first: number, by: number): string {
  return `UPDATE security_event_entries SET sequence = -sequence WHERE sequence >= ${first};
    UPDATE security_event_entries SET sequence = ${by} - sequence WHERE sequence < 0`;
}

/** Adds an entry that looks like the one at `model`. */
export function copyEntry(model: number, sequence: number, eventId: string, hash = 'hash'): string {
  return `INSERT INTO security_event_entries
    SELECT ${sequence}, '${eventId}', kind, mitigation_applied, mitigation_details, entered_at, digest, ${hash}
    FROM security_event_entries WHERE sequence = ${model}`;
}

/** Adds an event that nobody has recorded. */
export const addEvent = `INSERT INTO security_events
  SELECT 'x', timestamp, event_type, severity, source, target, description, mitigation_applied, mitigation_details
  FROM security_events WHERE id = 'e3'`;
