import { eventInput } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

export const t0 = Date.parse('2026-06-01T12:00:00.000Z');

/** Returns the time that is `second` seconds after `t0`. */
export function at(second: number): Date {
  return new Date(t0 + second * 1000);
}

/** Records an event at each of the given seconds, in the given order. The event at second 5 has the id `e5`. */
export async function recordSeconds({ db }: TestDatabase, ...seconds: readonly number[]): Promise<void> {
  await db.events.recordMany(seconds.map((second) => eventInput({ id: `e${second}`, timestamp: at(second) })));
}

/** Records a chain: entries 1 to 3 and 6 to 12 record events, 4 is a mitigation of `e2`, and 5 is one of `e1`. */
export async function fillChain({ db: { events } }: TestDatabase): Promise<void> {
  const event = (index: number) =>
    eventInput({ id: `e${index}`, timestamp: new Date(t0 + index), metadata: { index, more: 'x' } });
  await events.recordMany([1, 2, 3].map(event));
  await events.markMitigated('e2', { applied: true, details: 'Blocked' });
  await events.markMitigated('e1', { applied: false });
  await events.recordMany([4, 5, 6, 7, 8, 9, 10].map(event));
  expect(await events.verify()).toMatchObject({ valid: true, entries: 12 });
}

/** Opens a database with the chain of `fillChain`. */
export async function openChain(): Promise<TestDatabase> {
  const database = await openTestDatabase({ now: () => t0 });
  await fillChain(database);
  return database;
}

export const deleteEntries = (where: string): string => `DELETE FROM security_event_entries WHERE ${where}`;

/** Returns the SQL that swaps the sequence numbers of two entries. */
export function swap(one: number, other: number): string {
  const move = (from: number, to: number) =>
    `UPDATE security_event_entries SET sequence = ${to} WHERE sequence = ${from}`;
  return [move(one, -1), move(other, one), move(-1, other)].join(';');
}

/** Returns the SQL that adds `by` to the sequence numbers from `first` on. */
export function shift(first: number, by: number): string {
  return `UPDATE security_event_entries SET sequence = -sequence WHERE sequence >= ${first};
    UPDATE security_event_entries SET sequence = ${by} - sequence WHERE sequence < 0`;
}

/** Returns the SQL that inserts a copy of the entry `model` for another event. */
export function copyEntry(model: number, sequence: number, eventId: string, hash = 'hash'): string {
  return `INSERT INTO security_event_entries
    SELECT ${sequence}, '${eventId}', kind, mitigation_applied, mitigation_details, entered_at, digest, ${hash}
    FROM security_event_entries WHERE sequence = ${model}`;
}

/** SQL that inserts the event `x` without an entry. */
export const addEvent = `INSERT INTO security_events
  SELECT 'x', timestamp, event_type, severity, source, target, description, mitigation_applied, mitigation_details
  FROM security_events WHERE id = 'e3'`;
