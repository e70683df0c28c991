import { expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import type { DatabaseService, EventGrouping } from '../../src';

describe('Without a limit, maxResults', () => {
  const eventTypes = ['AUTHENTICATION_FAILURE', 'SYSTEM_ABUSE'];
  const shared = shareTestDatabase({ maxResults: 3 }, ({ db }) =>
    db.events.recordMany([0, 1, 0, 1, 0].map((index) => eventInput({ eventType: eventTypes[index] ?? '' }))),
  );

  test.each<[string, (db: DatabaseService, offset: number) => Promise<unknown[]>]>([
    ['events.query', (db, offset) => db.events.query({ offset })],
    ['events.query of several types', (db, offset) => db.events.query({ offset, eventTypes })],
    [
      'querySecurityEvents with eight parameters',
      (db, offset) => db.querySecurityEvents(undefined, undefined, undefined, undefined, undefined, undefined, undefined, offset), // prettier-ignore
    ],
  ])('counts the events that remain after the offset: %s', async (_, query) => {
    const { db } = shared();
    for (const offset of [0, 1]) await expectError('RESULT_TOO_LARGE', () => query(db, offset));
    expect(await query(db, 2)).toHaveLength(3);
    expect(await query(db, 9)).toEqual([]);
  });
});

test('recordSecurityEvent stores one of several events that are recorded under one id at the same time', async () => {
  const { db } = await openTestDatabase();
  const event = eventInput({ id: 'once' });
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => db.recordSecurityEvent(event)));
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  expect(refused).toHaveLength(9);
  for (const error of refused) expect(error).toMatchObject({ code: 'ALREADY_EXISTS', entity: 'securityEvent' });
  expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1 });
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
