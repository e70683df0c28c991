import type { SecurityEventQuery } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

describe('events.markMitigated', () => {
  test('shows in whatever is read, and changes nothing of what was recorded', async () => {
    const database = await openTestDatabase();
    const { events } = database.db;
    await events.recordMany([eventInput({ id: 'a', metadata: { kept: [1] } }), eventInput({ id: 'b' })]);
    const recorded = await rawRows(database, 'security_events');
    const before = await events.get('a');

    expect(await events.markMitigated('a', { applied: true, details: 'Blocked' })).toBe(true);
    const mitigated = { ...before, mitigationApplied: true, mitigationDetails: 'Blocked' };
    expect(await events.get('a')).toStrictEqual(mitigated);
    expect(await events.query({ mitigationApplied: true })).toStrictEqual([mitigated]);
    expect((await events.page({ mitigationApplied: true })).items).toStrictEqual([mitigated]);
    for await (const event of events.iterate({ mitigationApplied: true })) expect(event).toStrictEqual(mitigated);
    expect(await events.count({ mitigationApplied: true })).toBe(1);
    expect(await events.query({ mitigationApplied: false })).toMatchObject([{ id: 'b' }]);
    expect(await rawRows(database, 'security_events')).toEqual(recorded);
    expect(await events.verify()).toMatchObject({ valid: true, entries: 3 });
  });

  test('the last one counts, also over what was recorded', async () => {
    const { db } = await openTestDatabase();
    const id = await db.events.record(eventInput({ mitigationApplied: true, mitigationDetails: 'first' }));
    await db.events.markMitigated(id, { applied: true, details: '' });
    expect(await db.events.get(id)).toMatchObject({ mitigationApplied: true, mitigationDetails: '' });
    await db.events.markMitigated(id, { applied: false });
    const event = await db.events.get(id);
    expect(event).toMatchObject({ mitigationApplied: false });
    expect(event).not.toHaveProperty('mitigationDetails');
    const found = async (query: SecurityEventQuery) => (await db.events.query(query)).length;
    expect(await found({ mitigationApplied: true })).toBe(0);
    expect(await found({ mitigationApplied: false })).toBe(1);
  });

  test('is false for an event that is absent, and leaves nothing', async () => {
    const database = await openTestDatabase();
    await database.db.events.record(eventInput());
    expect(await database.db.events.markMitigated('nobody', { applied: true })).toBe(false);
    expect(await rawRows(database, 'security_event_entries')).toHaveLength(1);
  });

  test.each([
    ['no mitigation', 'a', undefined, 'mitigation'],
    ['no applied', 'a', { details: 'x' }, 'applied'],
    ['an applied that is no boolean', 'a', { applied: 1 }, 'applied'],
    ['details that are no text', 'a', { applied: true, details: null }, 'details'],
    ['details with NUL', 'a', { applied: true, details: '\0' }, 'details'],
    ['an unknown field', 'a', { applied: true, by: 'me' }, 'mitigation'],
    ['an empty id', '', { applied: true }, 'id'],
  ])('refuses %s', async (_, id, mitigation, field) => {
    const database = await openTestDatabase();
    await database.db.events.record(eventInput({ id: 'a' }));
    const error = await expectRefused(database, 'INVALID_INPUT', () =>
      callUntyped(database.db.events, 'markMitigated', id, mitigation),
    );
    expect(error).toMatchObject({ operation: 'events.markMitigated', field });
  });
});
