import type { SecurityEventInput, SecurityEventQuery } from '../../src';
import { eventInput } from '../support/factories';
import { expectError } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');

const events: readonly Partial<SecurityEventInput>[] = [
  {
    id: 'a',
    timestamp: new Date(t0),
    eventType: 'AUTHENTICATION_FAILURE',
    severity: 'INFO',
    source: 's1',
    target: 't1',
  },
  { id: 'b', timestamp: new Date(t0 + 1), eventType: 'THREAT_DETECTED', severity: 'LOW', source: 's1', target: 't2' },
  { id: 'é', timestamp: new Date(t0 + 2), eventType: 'CUSTOM', severity: 'MEDIUM', source: 'S1', target: 't1' },
  { id: 'C', timestamp: new Date(t0 + 2), eventType: 'CUSTOM', severity: 'HIGH', source: 's2', target: 't1' },
  {
    id: 'd',
    timestamp: new Date(t0 + 3),
    eventType: 'THREAT_DETECTED',
    severity: 'CRITICAL',
    source: 's2',
    target: '',
  },
];

async function fill({ db }: TestDatabase): Promise<void> {
  for (const event of events) {
    const mitigationApplied = event.id === 'd' || event.id === 'a';
    const metadata = { threat: event.id === 'b' ? { b: 1, a: [null] } : null, count: Number(event.id === 'd') };
    await db.recordSecurityEvent(eventInput({ ...event, mitigationApplied, metadata }));
  }
}

const shared = shareTestDatabase({}, fill);

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

  test('returns the newest events first, with ties broken by id', async () => {
    expect(await idsOf({})).toBe('dCéba');
  });

  test('returns an empty array when nothing matches', async () => {
    expect(await shared().db.querySecurityEvents({ source: 'nobody' })).toEqual([]);
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
    [
      'more types than are looked up one by one',
      { eventTypes: '1 2 3 4 5 6 7 8 9 CUSTOM THREAT_DETECTED'.split(' ') },
      'dCéb',
    ],
    ['types and severities', { eventTypes: ['CUSTOM', 'THREAT_DETECTED'], severities: ['LOW', 'HIGH'] }, 'Cb'],
    ['a type in another case', { eventTypes: ['custom'] }, ''],
    ['one severity', { severities: ['LOW'] }, 'b'],
    ['several severities, one twice', { severities: ['INFO', 'HIGH', 'HIGH'] }, 'Ca'],
    ['INFO or worse', { minSeverity: 'INFO' }, 'dCéba'],
    ['LOW or worse', { minSeverity: 'LOW' }, 'dCéb'],
    ['MEDIUM or worse', { minSeverity: 'MEDIUM' }, 'dCé'],
    ['HIGH or worse', { minSeverity: 'HIGH' }, 'dC'],
    ['CRITICAL', { minSeverity: 'CRITICAL' }, 'd'],
    ['severities of which some are severe enough', { minSeverity: 'MEDIUM', severities: ['LOW', 'HIGH'] }, 'C'],
    ['severities that are not severe enough', { minSeverity: 'HIGH', severities: ['LOW'] }, ''],
    ['a source, case-sensitive', { source: 's1' }, 'ba'],
    ['a part of a source', { source: 's' }, ''],
    ['a target', { target: 't1' }, 'Céa'],
    ['mitigated ones', { mitigationApplied: true }, 'da'],
    ['those not mitigated', { mitigationApplied: false }, 'Céb'],
    ['a number in metadata', { metadata: { count: 1 } }, 'd'],
    ['null in metadata', { metadata: { threat: null } }, 'dCéa'],
    ['two keys of metadata', { metadata: { count: 0, threat: { b: 1, a: [null] } } }, 'b'],
    ['a truth value that is a number there', { metadata: { count: true } }, ''],
    ['no key of metadata, which filters nothing', { metadata: {} }, 'dCéba'],
    ['undefined in every field', { from: undefined, source: undefined, ids: undefined, limit: undefined }, 'dCéba'],
  ])('finds events by %s', async (_, query, expected) => {
    expect(await idsOf(query)).toBe(expected);
  });

  test.each<[string, SecurityEventQuery]>([
    ['ids', { ids: [] }],
    ['eventTypes', { eventTypes: [] }],
    ['severities', { severities: [] }],
    ['severities with minSeverity', { severities: [], minSeverity: 'INFO' }],
    ['source', { source: '' }],
    ['target, although an event has it', { target: '' }],
  ])('matches nothing with an empty value: %s', async (_, query) => {
    expect(await idsOf(query)).toBe('');
  });

  test.each<[SecurityEventQuery, string]>([
    [{ limit: 2 }, 'dC'],
    [{ limit: 2, offset: 2 }, 'éb'],
    [{ offset: 3 }, 'ba'],
    [{ limit: 0 }, ''],
    [{ limit: 9, offset: 5 }, ''],
    [{ limit: Number.MAX_SAFE_INTEGER, offset: 4 }, 'a'],
    [{ limit: 2, minSeverity: 'LOW' }, 'dC'],
    [{ limit: 2, offset: 1, minSeverity: 'LOW' }, 'Cé'],
    [{ limit: 1, offset: 2, eventTypes: ['CUSTOM', 'THREAT_DETECTED'] }, 'é'],
    [{ limit: Number.MAX_SAFE_INTEGER, offset: 3, minSeverity: 'LOW' }, 'b'],
  ])('returns the requested range: %j', async (query, expected) => {
    expect(await idsOf(query)).toBe(expected);
  });

  test('fails without a limit when more than maxResults match', async () => {
    const { db } = await openTestDatabase({ maxResults: 2 });
    for (const source of ['a', 'b', 'b']) await db.recordSecurityEvent(eventInput({ source }));
    const error = await expectError('RESULT_TOO_LARGE', () => db.querySecurityEvents({}));
    expect(error).toMatchObject({ operation: 'events.query', retryable: false });
    expect(await db.querySecurityEvents({ source: 'b' })).toHaveLength(2);
    expect(await db.querySecurityEvents({ limit: 3 })).toHaveLength(3);
  });
});

describe('querySecurityEvents with positional parameters', () => {
  type Parameters8 = Parameters<TestDatabase['db']['querySecurityEvents']>;

  test.each<[string, Parameters8, string]>([
    ['none', [], 'dCéba'],
    ['startTime', [new Date(t0 + 2)], 'dCé'],
    ['endTime', [undefined, new Date(t0 + 1)], 'ba'],
    ['both times', [new Date(t0 + 1), new Date(t0 + 2)], 'Céb'],
    ['eventTypes', [undefined, undefined, ['CUSTOM']], 'Cé'],
    ['severities', [undefined, undefined, undefined, ['LOW', 'INFO']], 'ba'],
    ['source', [undefined, undefined, undefined, undefined, 's2'], 'dC'],
    ['target', [undefined, undefined, undefined, undefined, undefined, 't2'], 'b'],
    ['limit', [undefined, undefined, undefined, undefined, undefined, undefined, 2], 'dC'],
    ['limit and offset', [undefined, undefined, undefined, undefined, undefined, undefined, 2, 1], 'Cé'],
    ['offset alone', [undefined, undefined, undefined, undefined, undefined, undefined, undefined, 3], 'ba'],
    ['all', [new Date(t0), new Date(t0 + 3), ['CUSTOM'], ['HIGH', 'MEDIUM'], 's2', 't1', 1, 0], 'C'],
    ['an empty list of types', [undefined, undefined, []], ''],
    ['an empty source', [undefined, undefined, undefined, undefined, ''], ''],
    ['limit 0', [undefined, undefined, undefined, undefined, undefined, undefined, 0], ''],
  ])('returns the events that match: %s', async (_, parameters, expected) => {
    const found = await shared().db.querySecurityEvents(...parameters);
    expect(found.map(({ id }) => id).join('')).toBe(expected);
  });
});
