import { SecurityEventType, type Metadata, type SecurityEvent, type SecurityEventInput } from '../../src';
import { onPostgresql } from '../support/engine';
import { callUntyped, expectRefused } from '../support/expect-error';
import { eventInput, uuidv7 } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');

const whole: SecurityEvent = {
  id: 'event-1',
  timestamp: new Date('2026-05-04T03:02:01.009Z'),
  eventType: 'RATE_LIMIT_EXCEEDED',
  severity: 'HIGH',
  source: '2001:db8::1',
  target: 'agent-1',
  description: 'Too many',
  metadata: { attempts: 3, sourceDetails: { ip: null, ports: [1, 2] }, ratio: -0.5, flag: false },
  mitigationApplied: true,
  mitigationDetails: 'Blocked for a minute',
};

describe('recordSecurityEvent', () => {
  const shared = shareTestDatabase();

  test('Security event creation with valid data succeeds', async () => {
    const { db } = await openTestDatabase();
    expect(await db.recordSecurityEvent(whole)).toBe('event-1');
    expect(await db.querySecurityEvents()).toStrictEqual([whole]);
    expect(await db.events.query({ ids: ['event-1'] })).toStrictEqual([whole]);
  });

  test('recordSecurityEvent generates an id and sets the time and the defaults of omitted fields', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const id = await db.recordSecurityEvent(eventInput());
    expect(id).toMatch(uuidv7);
    const completed = { ...eventInput(), id, timestamp: new Date(now), metadata: {}, mitigationApplied: false };
    expect(await db.querySecurityEvents({})).toStrictEqual([completed]);
  });

  test.each([
    ['other', { half: true }],
    ['the same', whole.metadata],
  ])(
    'recordSecurityEvent fails with ALREADY_EXISTS when an event with %s metadata keys has the id',
    async (_, metadata) => {
      const database = await openTestDatabase();
      await database.db.recordSecurityEvent(whole);
      const second = eventInput({ id: whole.id, metadata });
      const error = await expectRefused(database, 'ALREADY_EXISTS', () => database.db.recordSecurityEvent(second));
      expect(error).toMatchObject({ entity: 'securityEvent', field: 'id', operation: 'events.record' });
    },
  );

  test.each([...Object.values(SecurityEventType), 'MESSAGE_RECEIVED', 'failed login', ' ', '失敗'])(
    'recordSecurityEvent stores the event type %j unchanged',
    async (eventType) => {
      const { db } = shared();
      const id = await db.recordSecurityEvent(eventInput({ eventType }));
      expect(await db.querySecurityEvents({ ids: [id], eventTypes: [eventType] })).toMatchObject([{ eventType }]);
    },
  );

  test('recordSecurityEvent stores empty texts and the metadata key __proto__ unchanged', async () => {
    const { db } = shared();
    const texts = { source: '', target: '', description: '', mitigationDetails: '' };
    const metadata = JSON.parse('{"__proto__":{"a":[1]}}') as Metadata;
    const id = await db.recordSecurityEvent(eventInput({ ...texts, metadata }));
    const event = await db.events.get(id);
    expect(event).toMatchObject(texts);
    expect(JSON.stringify(event?.metadata)).toBe('{"__proto__":{"a":[1]}}');
  });

  test.each(['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'])(
    'recordSecurityEvent stores the time %s to the millisecond',
    async (iso) => {
      const { db } = shared();
      const timestamp = new Date(iso);
      const id = await db.recordSecurityEvent(eventInput({ timestamp }));
      const found = await db.querySecurityEvents({ ids: [id], from: timestamp, to: timestamp });
      expect(found).toMatchObject([{ timestamp }]);
    },
  );
});

describe('events.recordMany', () => {
  const shared = shareTestDatabase({}, ({ db }) => db.events.record(eventInput({ id: 'known' })));

  test('events.recordMany records all events and returns their ids in order', async () => {
    const { db } = await openTestDatabase();
    const inputs: SecurityEventInput[] = [
      eventInput({ id: 'b', metadata: { one: 1, list: [null] } }),
      eventInput({ mitigationApplied: true, mitigationDetails: '' }),
      eventInput({ id: 'a' }),
    ];
    const ids = await db.events.recordMany(inputs);
    expect(ids).toEqual(['b', expect.stringMatching(uuidv7), 'a']);
    const found = await Promise.all(ids.map((id) => db.events.get(id)));
    const defaults = { timestamp: expect.any(Date) as Date, metadata: {}, mitigationApplied: false };
    expect(found).toEqual(inputs.map((input, index) => ({ ...defaults, id: ids[index], ...input })));
  });

  test('events.recordMany runs the same statements for 400 events as for two', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const event = eventInput({ metadata: { one: 1, two: 2 } });
    await db.events.record(event);
    const record = (count: number) => () => db.events.recordMany(Array.from({ length: count }, () => event));
    const two = await statementsOf(record(2));
    expect(two).toHaveLength(onPostgresql ? 3 : 4);
    expect(await statementsOf(record(400))).toEqual(two);
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 403 });
    expect(await db.events.count()).toBe(403);
  });

  test('events.recordMany returns an empty array and runs no statement when the input is empty', async () => {
    const { db, statementsOf } = shared();
    expect(await statementsOf(async () => expect(await db.events.recordMany([])).toEqual([]))).toEqual([]);
  });

  test.each([
    ['an id is taken', ['known', 'new'], 'ALREADY_EXISTS'],
    ['two events have the same id', ['new', 'other', 'new'], 'ALREADY_EXISTS'],
    ['an id is empty', ['new', ''], 'INVALID_INPUT'],
  ] as const)('events.recordMany records nothing when %s', async (_, ids, code) => {
    const events = ids.map((id) => eventInput({ id, metadata: { half: true } }));
    const error = await expectRefused(shared(), code, () => shared().db.events.recordMany(events));
    expect(error.operation).toBe('events.recordMany');
  });

  test.each([
    ['a value that is not an array', 'x', 'events'],
    ['an element that is not an object', [eventInput(), null], 'events[1]'],
    ['an unknown severity', [eventInput(), { ...eventInput(), severity: 'BAD' }], 'events[1].severity'],
    ['an unknown field', [{ ...eventInput(), more: 1 }], 'events[0]'],
  ])('events.recordMany refuses %s and names its path in the input', async (_, events, field) => {
    const error = await expectRefused(shared(), 'INVALID_INPUT', () =>
      callUntyped(shared().db.events, 'recordMany', events),
    );
    expect(error.field).toBe(field);
  });
});

describe('events.markMitigated', () => {
  test('events.markMitigated sets the mitigation that reads return without changing recorded rows', async () => {
    const database = await openTestDatabase();
    const { events } = database.db;
    await events.recordMany([eventInput({ id: 'a', metadata: { kept: [1] } }), eventInput({ id: 'b' })]);
    const recorded = await rawRows(database, 'security_events');
    const mitigated = { ...(await events.get('a')), mitigationApplied: true, mitigationDetails: 'Blocked' };
    expect(await events.markMitigated('a', { applied: true, details: 'Blocked' })).toBe(true);
    expect(await events.get('a')).toStrictEqual(mitigated);
    expect(await events.query({ mitigationApplied: true })).toStrictEqual([mitigated]);
    expect((await events.page({ mitigationApplied: true })).items).toStrictEqual([mitigated]);
    for await (const event of events.iterate({ mitigationApplied: true })) expect(event).toStrictEqual(mitigated);
    expect(await events.count({ mitigationApplied: true })).toBe(1);
    expect(await events.query({ mitigationApplied: false })).toMatchObject([{ id: 'b' }]);
    expect(await rawRows(database, 'security_events')).toEqual(recorded);
    expect(await events.verify()).toMatchObject({ valid: true, entries: 3 });
  });

  test('events.markMitigated replaces the recorded mitigation of an event and earlier mitigations', async () => {
    const { db } = await openTestDatabase();
    const id = await db.events.record(eventInput({ mitigationApplied: true, mitigationDetails: 'first' }));
    await db.events.markMitigated(id, { applied: true, details: '' });
    expect(await db.events.get(id)).toMatchObject({ mitigationApplied: true, mitigationDetails: '' });
    await db.events.markMitigated(id, { applied: false });
    const event = await db.events.get(id);
    expect(event).toMatchObject({ mitigationApplied: false });
    expect(event).not.toHaveProperty('mitigationDetails');
    expect(await db.events.count({ mitigationApplied: true })).toBe(0);
    expect(await db.events.query({ mitigationApplied: false })).toHaveLength(1);
  });

  const shared = shareTestDatabase({}, ({ db }) => db.events.record(eventInput({ id: 'a' })));

  test('events.markMitigated returns false and writes nothing when the event does not exist', async () => {
    expect(await shared().db.events.markMitigated('nobody', { applied: true })).toBe(false);
    expect(await rawRows(shared(), 'security_event_entries')).toHaveLength(1);
  });

  test.each([
    ['a missing mitigation', 'a', undefined, 'mitigation'],
    ['a missing applied', 'a', { details: 'x' }, 'applied'],
    ['an applied that is not a boolean', 'a', { applied: 1 }, 'applied'],
    ['details that are not a string', 'a', { applied: true, details: null }, 'details'],
    ['details with NUL', 'a', { applied: true, details: '\0' }, 'details'],
    ['an unknown field', 'a', { applied: true, by: 'me' }, 'mitigation'],
    ['an empty id', '', { applied: true }, 'id'],
  ])('events.markMitigated refuses %s', async (_, id, mitigation, field) => {
    const error = await expectRefused(shared(), 'INVALID_INPUT', () =>
      callUntyped(shared().db.events, 'markMitigated', id, mitigation),
    );
    expect(error).toMatchObject({ operation: 'events.markMitigated', field });
  });
});

test('each write of security events runs a fixed number of statements', async () => {
  const { db, statementsOf } = await openTestDatabase();
  await db.events.record(eventInput({ id: 'a' }));
  const event = eventInput({ metadata: { one: 1, two: 2 } });
  // SQLite runs one statement each for the head of the chain, the event, its metadata (if any) and its entry.
  // PostgreSQL writes all rows with one statement, and does not read the head of the chain.
  expect(await statementsOf(() => db.events.record(eventInput()))).toHaveLength(onPostgresql ? 1 : 3);
  expect(await statementsOf(() => db.events.record(event))).toHaveLength(onPostgresql ? 1 : 4);
  expect(await statementsOf(() => db.events.markMitigated('a', { applied: true }))).toHaveLength(onPostgresql ? 2 : 3);
  expect(await statementsOf(() => db.events.markMitigated('b', { applied: true }))).toHaveLength(1);
});
