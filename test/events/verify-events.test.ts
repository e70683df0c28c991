import { createHash } from 'node:crypto';
import { callUntyped, expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows, type RawRow } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';
import { addEvent, copyEntry, openChain, t0 } from './chain';

describe('What was tampered with', () => {
  test('keeps nobody from recording, and is not hidden by it', async () => {
    const database = await openChain();
    const { events } = database.db;
    await changeRaw(database, `${addEvent}; ${copyEntry(5, 13, 'x', "''")}`);
    await events.record(eventInput());
    await events.markMitigated('e3', { applied: true });
    await events.prune({ before: new Date(t0 + 2) });
    expect(await events.verify()).toMatchObject({ valid: false, break: { sequence: 13, reason: 'inserted' } });
  });

  test('is found again when the database is opened again', async () => {
    const database = await openChain();
    await changeRaw(database, `${addEvent}; ${copyEntry(5, 13, 'x', "''")}`);
    await database.db.close();
    await database.db.initialize();
    expect(await database.db.events.verify()).toMatchObject({ break: { sequence: 13, reason: 'inserted' } });
  });
});

describe('events.verify', () => {
  test('gives the head of the chain, which stays in it', async () => {
    const { db } = await openTestDatabase();
    expect(await db.events.verify()).toEqual({ valid: true, entries: 0, head: { sequence: 0, hash: '' } });
    await db.events.record(eventInput());
    const first = await db.events.verify();
    expect(first).toEqual({
      valid: true,
      entries: 1,
      head: { sequence: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
    expect(await db.events.verify()).toEqual(first);
  });

  test('can be made anew by anybody from what is stored', async () => {
    const database = await openChain();
    const [entries, events] = [
      await rawRows(database, 'security_event_entries'),
      await rawRows(database, 'security_events'),
    ];
    let hash = '';
    for (const entry of entries) {
      const event = events.find(({ id }) => id === entry['event_id']);
      const digest = sha256(JSON.stringify(contentOf(entry, event)));
      hash = sha256(`${hash}:${String(entry['sequence'])}:${digest}`);
      expect(entry).toMatchObject({ digest, hash });
    }
    expect(await database.db.events.verify()).toMatchObject({ head: { sequence: 12, hash } });
    // The form must never change: the chains that there are would break.
    expect(hash).toBe('cf0613d55a23551340b623f8a72c0dde104b2823710e5b7397f0b463f3f5e081');
  });

  test('refuses options that it does not know', async () => {
    const { db } = await openTestDatabase();
    const error = await expectError('INVALID_INPUT', () => callUntyped(db.events, 'verify', { fast: true }));
    expect(error.operation).toBe('events.verify');
  });
});

function contentOf(entry: RawRow, event: RawRow | undefined): unknown[] {
  const head = [entry['kind'], entry['entered_at'], entry['event_id']];
  if (entry['kind'] === 'MITIGATED') {
    return [...head, entry['mitigation_applied'] === 1, entry['mitigation_details']];
  }
  const index = String(event?.['id']).slice(1);
  return [
    ...head,
    event?.['timestamp'],
    event?.['event_type'],
    event?.['severity'],
    event?.['source'],
    event?.['target'],
    event?.['description'],
    event?.['mitigation_applied'] === 1,
    event?.['mitigation_details'],
    [
      ['index', index],
      ['more', '"x"'],
    ],
  ];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
