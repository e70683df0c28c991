import type { SecurityEventInput } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

describe('events.recordMany', () => {
  test('records all, and gives their ids in their order', async () => {
    const { db } = await openTestDatabase();
    const inputs: SecurityEventInput[] = [
      eventInput({ id: 'b', metadata: { one: 1, list: [null] } }),
      eventInput({ mitigationApplied: true, mitigationDetails: '' }),
      eventInput({ id: 'a' }),
    ];
    const ids = await db.events.recordMany(inputs);
    expect(ids).toEqual(['b', expect.stringMatching(/^[0-9a-f-]{36}$/), 'a']);
    const found = await Promise.all(ids.map((id) => db.events.get(id)));
    expect(found).toEqual(
      inputs.map((input, index) => {
        const completed = { id: ids[index], metadata: {}, mitigationApplied: false, ...input };
        return { timestamp: expect.any(Date) as Date, ...completed };
      }),
    );
  });

  test('takes no more statements for four hundred than for two, and a few for thousands', async () => {
    const { db, statementsOf } = await openTestDatabase();
    await db.events.record(eventInput());
    const record = (count: number) => () => db.events.recordMany(Array.from({ length: count }, () => event));
    const event = eventInput({ metadata: { one: 1, two: 2 } });
    const two = await statementsOf(record(2));
    expect(await statementsOf(record(400))).toEqual(two);
    expect((await statementsOf(record(5000))).length).toBeLessThanOrEqual(two.length * 10);
    expect(await db.events.count()).toBe(5403);
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 5403 });
  });

  test('of none gives none, and does nothing', async () => {
    const { db, statementsOf } = await openTestDatabase();
    expect(await statementsOf(async () => expect(await db.events.recordMany([])).toEqual([]))).toEqual([]);
  });

  test.each([
    ['an id that is taken', ['known', 'new'], 'ALREADY_EXISTS'],
    ['an id that is given twice', ['new', 'other', 'new'], 'ALREADY_EXISTS'],
    ['an empty id', ['new', ''], 'INVALID_INPUT'],
  ] as const)('records nothing for %s', async (_, ids, code) => {
    const database = await openTestDatabase();
    await database.db.events.record(eventInput({ id: 'known' }));
    const events = ids.map((id) => eventInput({ id, metadata: { half: true } }));
    const error = await expectRefused(database, code, () => database.db.events.recordMany(events));
    expect(error.operation).toBe('events.recordMany');
  });

  test.each([
    ['no array', 'x', 'events'],
    ['no object', [eventInput(), null], 'events[1]'],
    ['a wrong severity', [eventInput(), { ...eventInput(), severity: 'BAD' }], 'events[1].severity'],
    ['an unknown field', [{ ...eventInput(), more: 1 }], 'events[0]'],
  ])('refuses %s and says where', async (_, events, field) => {
    const database = await openTestDatabase();
    const error = await expectRefused(database, 'INVALID_INPUT', () =>
      callUntyped(database.db.events, 'recordMany', events),
    );
    expect(error.field).toBe(field);
  });

  test('is a part of a transaction', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await expect(
      db.transaction(async (tx) => {
        await tx.events.recordMany([eventInput(), eventInput()]);
        expect(await tx.events.verify()).toMatchObject({ valid: true, entries: 2 });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await rawRows(database, 'security_event_entries')).toEqual([]);
    expect(await db.events.verify()).toEqual({ valid: true, entries: 0, head: { sequence: 0, hash: '' } });
  });

  test('keeps what is large', async () => {
    const { db } = await openTestDatabase();
    const description = 'é"\\\n'.repeat(300_000);
    const events = Array.from({ length: 12 }, (_, index) => eventInput({ id: `e${index}`, description }));
    await db.events.recordMany(events);
    expect((await db.events.get('e7'))?.description === description).toBe(true);
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 12 });
  });
});
