import type { SecurityEventInput, SecurityEventQuery, DatabaseService, EventGrouping } from '../../src';
import { expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');

type Severity = SecurityEventInput['severity'];

/** Positional parameter that is omitted. */
const skip = undefined;

const rows: readonly (readonly [string, number, string, Severity, string, string])[] = [
  ['a', 0, 'AUTHENTICATION_FAILURE', 'INFO', 's1', 't1'],
  ['b', 1, 'THREAT_DETECTED', 'LOW', 's1', 't2'],
  ['é', 2, 'CUSTOM', 'MEDIUM', 'S1', 't1'],
  ['C', 2, 'CUSTOM', 'HIGH', 's2', 't1'],
  ['d', 3, 'THREAT_DETECTED', 'CRITICAL', 's2', ''],
];

const shared = shareTestDatabase({}, async ({ db }) => {
  for (const [id, ms, eventType, severity, source, target] of rows) {
    const mitigationApplied = id === 'd' || id === 'a';
    const metadata = { threat: id === 'b' ? { b: 1, a: [null] } : null, count: Number(id === 'd') };
    const fields = { id, timestamp: new Date(t0 + ms), eventType, source, target, mitigationApplied, metadata };
    await db.recordSecurityEvent(eventInput({ ...fields, severity }));
  }
});

async function idsOf(query: SecurityEventQuery): Promise<string> {
  return (await shared().db.querySecurityEvents(query)).map(({ id }) => id).join('');
}

describe('querySecurityEvents', () => {
  test('Query security events with filters returns matching events', async () => {
    const query: SecurityEventQuery = {
      ids: ['a', 'b', 'd'],
      from: new Date(t0 + 1),
      to: new Date(t0 + 3),
      eventTypes: ['THREAT_DETECTED', 'CUSTOM'],
      severities: ['LOW', 'HIGH'],
      minSeverity: 'LOW',
      source: 's1',
      target: 't2',
      mitigationApplied: false,
      metadata: { threat: { a: [null], b: 1 } },
      limit: 5,
      offset: 0,
    };
    expect(await idsOf(query)).toBe('b');
  });

  test('querySecurityEvents returns the newest events first, and events of the same time by id', async () => {
    expect(await idsOf({})).toBe('dCéba');
  });

  test.each<[string, SecurityEventQuery, string]>([
    ['ids, one of them unknown, one twice', { ids: ['a', 'x', 'd', 'a'] }, 'da'],
    ['from, inclusive', { from: new Date(t0 + 2) }, 'dCé'],
    ['to, inclusive', { to: new Date(t0 + 1) }, 'ba'],
    ['from and to of one millisecond', { from: new Date(t0 + 2), to: new Date(t0 + 2) }, 'Cé'],
    ['a span that ends before it begins', { from: new Date(t0 + 2), to: new Date(t0 + 1) }, ''],
    ['times beyond what can be stored', { from: new Date(-8.64e15), to: new Date(8.64e15) }, 'dCéba'],
    ['one type', { eventTypes: ['CUSTOM'] }, 'Cé'],
    ['several types, one twice', { eventTypes: ['CUSTOM', 'AUTHENTICATION_FAILURE', 'CUSTOM'] }, 'Céa'],
    ['too many types to read in parts', { eventTypes: '1 2 3 4 5 6 7 8 9 CUSTOM THREAT_DETECTED'.split(' ') }, 'dCéb'],
    ['types and severities', { eventTypes: ['CUSTOM', 'THREAT_DETECTED'], severities: ['LOW', 'HIGH'] }, 'Cb'],
    ['a type in another case', { eventTypes: ['custom'] }, ''],
    ['one severity', { severities: ['LOW'] }, 'b'],
    ['several severities, one twice', { severities: ['INFO', 'HIGH', 'HIGH'] }, 'Ca'],
    ['INFO or worse', { minSeverity: 'INFO' }, 'dCéba'],
    ['LOW or worse', { minSeverity: 'LOW' }, 'dCéb'],
    ['MEDIUM or worse', { minSeverity: 'MEDIUM' }, 'dCé'],
    ['HIGH or worse', { minSeverity: 'HIGH' }, 'dC'],
    ['CRITICAL', { minSeverity: 'CRITICAL' }, 'd'],
    ['severities above and below minSeverity', { minSeverity: 'MEDIUM', severities: ['LOW', 'HIGH'] }, 'C'],
    ['severities below minSeverity', { minSeverity: 'HIGH', severities: ['LOW'] }, ''],
    ['a source, case-sensitive', { source: 's1' }, 'ba'],
    ['a part of a source', { source: 's' }, ''],
    ['an unknown source', { source: 'nobody' }, ''],
    ['a target', { target: 't1' }, 'Céa'],
    ['an applied mitigation', { mitigationApplied: true }, 'da'],
    ['no applied mitigation', { mitigationApplied: false }, 'Céb'],
    ['a number in metadata', { metadata: { count: 1 } }, 'd'],
    ['null in metadata', { metadata: { threat: null } }, 'dCéa'],
    ['two keys of metadata', { metadata: { count: 0, threat: { b: 1, a: [null] } } }, 'b'],
    ['a boolean where metadata has a number', { metadata: { count: true } }, ''],
    ['no key of metadata, which filters nothing', { metadata: {} }, 'dCéba'],
    ['undefined in every field', { from: undefined, source: undefined, ids: undefined, limit: undefined }, 'dCéba'],
    ['an empty list of ids', { ids: [] }, ''],
    ['an empty list of types', { eventTypes: [] }, ''],
    ['an empty list of severities', { severities: [] }, ''],
    ['an empty list of severities and minSeverity', { severities: [], minSeverity: 'INFO' }, ''],
    ['an empty source', { source: '' }, ''],
    ['an empty target, although an event has it', { target: '' }, ''],
    ['limit', { limit: 2 }, 'dC'],
    ['limit and offset', { limit: 2, offset: 2 }, 'éb'],
    ['offset alone', { offset: 3 }, 'ba'],
    ['limit 0', { limit: 0 }, ''],
    ['an offset of the number of events', { limit: 9, offset: 5 }, ''],
    ['the largest limit', { limit: Number.MAX_SAFE_INTEGER, offset: 4 }, 'a'],
    ['limit in parts', { limit: 2, minSeverity: 'LOW' }, 'dC'],
    ['limit and offset in parts', { limit: 2, offset: 1, minSeverity: 'LOW' }, 'Cé'],
    ['offset between parts', { limit: 1, offset: 2, eventTypes: ['CUSTOM', 'THREAT_DETECTED'] }, 'é'],
    ['the largest limit in parts', { limit: Number.MAX_SAFE_INTEGER, offset: 3, minSeverity: 'LOW' }, 'b'],
  ])('querySecurityEvents finds events by %s', async (_, query, expected) => {
    expect(await idsOf(query)).toBe(expected);
  });

  type Positional = Parameters<TestDatabase['db']['querySecurityEvents']>;
  test.each<[string, Positional, string]>([
    ['no parameter', [], 'dCéba'],
    ['startTime', [new Date(t0 + 2)], 'dCé'],
    ['endTime', [skip, new Date(t0 + 1)], 'ba'],
    ['eventTypes', [skip, skip, ['CUSTOM']], 'Cé'],
    ['severities', [skip, skip, skip, ['LOW', 'INFO']], 'ba'],
    ['source', [skip, skip, skip, skip, 's2'], 'dC'],
    ['target', [skip, skip, skip, skip, skip, 't2'], 'b'],
    ['limit', [skip, skip, skip, skip, skip, skip, 2], 'dC'],
    ['limit and offset', [skip, skip, skip, skip, skip, skip, 2, 1], 'Cé'],
    ['offset alone', [skip, skip, skip, skip, skip, skip, skip, 3], 'ba'],
    ['all', [new Date(t0), new Date(t0 + 3), ['CUSTOM'], ['HIGH', 'MEDIUM'], 's2', 't1', 1, 0], 'C'],
  ])('querySecurityEvents accepts positional parameters: %s', async (_, parameters, expected) => {
    const found = await shared().db.querySecurityEvents(...parameters);
    expect(found.map(({ id }) => id).join('')).toBe(expected);
  });
});

describe('maxResults', () => {
  const eventTypes = ['AUTHENTICATION_FAILURE', 'SYSTEM_ABUSE'];
  const shared = shareTestDatabase({ maxResults: 3 }, ({ db }) =>
    db.events.recordMany([0, 1, 0, 1, 0].map((index) => eventInput({ eventType: eventTypes[index] ?? '' }))),
  );

  test.each<[string, (db: DatabaseService, offset: number) => Promise<unknown[]>]>([
    ['events.query', (db, offset) => db.events.query({ offset })],
    ['events.query of several types', (db, offset) => db.events.query({ offset, eventTypes })],
    [
      'eight positional parameters',
      (db, offset) => db.querySecurityEvents(skip, skip, skip, skip, skip, skip, skip, offset),
    ],
  ])('a query of events without a limit fails only when more than maxResults events remain: %s', async (_, query) => {
    const { db } = shared();
    for (const offset of [0, 1]) {
      const error = await expectError('RESULT_TOO_LARGE', () => query(db, offset));
      expect(error).toMatchObject({ operation: 'events.query', retryable: false });
    }
    expect(await query(db, 2)).toHaveLength(3);
    expect(await query(db, 9)).toEqual([]);
  });

  test('a query of events succeeds when the limit is larger than maxResults', async () => {
    expect(await shared().db.querySecurityEvents({ limit: 4 })).toHaveLength(4);
  });
});

test.each<[EventGrouping, readonly string[]]>([
  ['eventType', ['custom', 'SYSTEM_ABUSE', 'THREAT_DETECTED']],
  ['severity', ['CRITICAL', 'HIGH', 'LOW']],
  ['source', ['z', '\u{FFFD}', '\u{1F600}']],
  ['target', ['a', 'B', 'b']],
  [{ bucketMs: 1_000 }, ['1969-12-31T23:59:59.000Z', '1970-01-01T00:00:01.000Z', '1970-01-01T00:00:02.000Z']],
])('events.aggregate by %j returns groups of equal count in the order of code points', async (by, keys) => {
  const { db } = await openTestDatabase();
  const rows = [
    ['THREAT_DETECTED', 'LOW', '\u{1F600}', 'b', 2_000],
    ['SYSTEM_ABUSE', 'HIGH', '\u{FFFD}', 'B', 1_000],
    ['custom', 'CRITICAL', 'z', 'a', -1_000],
  ] as const;
  const toEvent = ([eventType, severity, source, target, ms]: (typeof rows)[number]) =>
    eventInput({ eventType, severity, source, target, timestamp: new Date(ms) });
  await db.events.recordMany([...rows, ...rows, rows[2]].map(toEvent));
  const expected = keys.map((key, index) => ({ key, count: index === 0 ? 3 : 2 }));
  expect(await db.events.aggregate({}, { by })).toEqual(expected);
});
