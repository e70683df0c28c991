import { SecurityEventType, type Metadata, type SecurityEvent } from '../../src';
import { eventInput } from '../support/factories';
import { expectError, expectRefused } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
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
  test('Security event creation with valid data succeeds', async () => {
    const { db } = await openTestDatabase();
    expect(await db.recordSecurityEvent(whole)).toBe('event-1');
    expect(await db.querySecurityEvents()).toStrictEqual([whole]);
  });

  test('completes what is left out', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const id = await db.recordSecurityEvent(eventInput());
    expect(id).toMatch(uuidv7);
    const completed = { ...eventInput(), id, timestamp: new Date(now), metadata: {}, mitigationApplied: false };
    expect(await db.querySecurityEvents({})).toStrictEqual([completed]);
  });

  test('a duplicate id fails and leaves what was recorded', async () => {
    const database = await openTestDatabase();
    await database.db.recordSecurityEvent(whole);
    const second = eventInput({ id: whole.id, metadata: { half: true } });
    const error = await expectRefused(database, 'ALREADY_EXISTS', () => database.db.recordSecurityEvent(second));
    expect(error).toMatchObject({ entity: 'securityEvent', field: 'id', operation: 'events.record' });
  });

  test('reports a duplicate id when both events have the same metadata keys', async () => {
    const { db } = await openTestDatabase();
    const event = eventInput({ id: 'e', metadata: { key: 1 } });
    await db.recordSecurityEvent(event);
    const error = await expectError('ALREADY_EXISTS', () => db.recordSecurityEvent(event));
    expect(error).toMatchObject({ entity: 'securityEvent', field: 'id' });
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test.each([...Object.values(SecurityEventType), 'MESSAGE_RECEIVED', 'failed login', ' ', '失敗'])(
    'the event type %j is stored as given',
    async (eventType) => {
      const { db } = await openTestDatabase();
      await db.recordSecurityEvent(eventInput({ eventType }));
      expect(await db.querySecurityEvents({ eventTypes: [eventType] })).toMatchObject([{ eventType }]);
    },
  );

  test.each(['INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const)('an event may be %s', async (severity) => {
    const { db } = await openTestDatabase();
    await db.recordSecurityEvent(eventInput({ severity }));
    expect(await db.querySecurityEvents({ severities: [severity] })).toMatchObject([{ severity }]);
  });

  test('db.events does what the flat methods do', async () => {
    const { db } = await openTestDatabase();
    expect(await db.events.record(whole)).toBe('event-1');
    expect(await db.events.query({ ids: ['event-1'] })).toStrictEqual([whole]);
    expect(await db.events.query()).toStrictEqual([whole]);
  });
});

describe('values of a security event', () => {
  const shared = shareTestDatabase();

  test.each([
    ['emoji and right to left', '👩‍👩‍👧 مرحبا \u202E'],
    ['4-byte code points and combining marks', '𐐀 e\u0301 é'],
    ['edge spaces and line ends', ' \t\r\n x \n '],
    ['quotes, backslashes and SQL', `\\'; DROP TABLE security_events; -- "`],
    ['control and non-characters', '\u0001\u007f\uFEFF\uFFFF'],
  ])('%s come back equal in every text', async (_, text) => {
    const { db } = shared();
    const texts = { id: text, eventType: text, source: text, target: text, description: text, mitigationDetails: text };
    const metadata = { [text]: text, nested: [{ [text]: text }] };
    await db.recordSecurityEvent(eventInput({ ...texts, metadata }));
    expect(await db.querySecurityEvents({ ids: [text], source: text, target: text, metadata })).toMatchObject([
      { ...texts, metadata },
    ]);
  });

  test('empty texts stay empty texts', async () => {
    const { db } = shared();
    const texts = { source: '', target: '', description: '', mitigationDetails: '' };
    const id = await db.recordSecurityEvent(eventInput(texts));
    expect(await db.querySecurityEvents({ ids: [id] })).toMatchObject([texts]);
  });

  test('mitigationDetails that nobody gave are absent', async () => {
    const { db } = shared();
    const id = await db.recordSecurityEvent(eventInput());
    const [event] = await db.querySecurityEvents({ ids: [id] });
    expect(event).toMatchObject({ id });
    expect(event).not.toHaveProperty('mitigationDetails');
  });

  test.each(['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'])(
    '%s is kept to the millisecond',
    async (iso) => {
      const { db } = shared();
      const timestamp = new Date(iso);
      const id = await db.recordSecurityEvent(eventInput({ timestamp }));
      const found = await db.querySecurityEvents({ ids: [id], from: timestamp, to: timestamp });
      expect(found).toMatchObject([{ timestamp }]);
    },
  );

  test('the metadata key __proto__ is a key like any other', async () => {
    const { db } = shared();
    const metadata = JSON.parse('{"__proto__":{"a":[1]}}') as Metadata;
    const id = await db.recordSecurityEvent(eventInput({ metadata }));
    const [event] = await db.querySecurityEvents({ ids: [id] });
    expect(JSON.stringify(event?.metadata)).toBe('{"__proto__":{"a":[1]}}');
  });
});
