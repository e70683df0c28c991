import type { EventGrouping, SecurityEventInput } from '../../src';
import { expectError, expectRefused } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

describe('RESULT_TOO_LARGE', () => {
  const shared = shareTestDatabase({ maxResults: 3 }, async ({ db }) => {
    const certificateId = await createCertificate(db, { id: 'c-0' });
    for (let index = 1; index < 5; index += 1) await createCertificate(db, { id: `c-${index}` });
    const ids = Array.from({ length: 5 }, (_, index) => index);
    await db.agents.createMany(ids.map((index) => agentInput({ id: `a-${index}`, certificateId })));
    const types = ['AUTHENTICATION_FAILURE', 'SYSTEM_ABUSE'];
    await db.events.recordMany(ids.map((index) => eventInput({ id: `e-${index}`, eventType: types[index % 2] ?? '' })));
  });

  const eventTypes = ['AUTHENTICATION_FAILURE', 'SYSTEM_ABUSE'];
  const queries: readonly (readonly [string, (offset: number) => Promise<unknown[]>])[] = [
    ['queryAgents', (offset) => shared().db.queryAgents({ offset })],
    ['queryAgents in an order', (offset) => shared().db.queryAgents({ offset, orderBy: 'version' })],
    ['queryAgents with a filter', (offset) => shared().db.queryAgents({ offset, owner: 'test-owner' })],
    ['certificates.query', (offset) => shared().db.certificates.query({ offset })],
    ['events.query', (offset) => shared().db.events.query({ offset })],
    ['events.query of several types', (offset) => shared().db.events.query({ offset, eventTypes })],
    [
      'querySecurityEvents with eight parameters',
      (offset) =>
        shared().db.querySecurityEvents(
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
          offset,
        ),
    ],
  ];

  test.each(queries)('counts the results that remain after the offset: %s', async (_, query) => {
    await expectError('RESULT_TOO_LARGE', () => query(0));
    await expectError('RESULT_TOO_LARGE', () => query(1));
    expect(await query(2)).toHaveLength(3);
    expect(await query(4)).toHaveLength(1);
    expect(await query(9)).toEqual([]);
  });
});

describe('events recorded twice under one id', () => {
  const once = eventInput({ id: 'once', metadata: { first: true } });
  const again = eventInput({ id: 'once', metadata: { second: true } });
  const registration = (event: SecurityEventInput) => {
    const agent = { ...agentInput({ certificateId: '' }), certificateId: undefined };
    return { certificate: certificateInput(), agent, event };
  };

  test('fail with ALREADY_EXISTS, whichever call records them', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await db.recordSecurityEvent(once);
    for (const event of [once, again]) {
      for (const record of [
        () => db.recordSecurityEvent(event),
        () => db.events.recordMany([eventInput(), event]),
        () => db.register(registration(event)),
        () => db.transaction((tx) => tx.recordSecurityEvent(event)),
      ]) {
        const error = await expectRefused(database, 'ALREADY_EXISTS', record);
        expect(error).toMatchObject({ entity: 'securityEvent', field: 'id', retryable: false });
      }
    }
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1 });
  });

  test('fail with ALREADY_EXISTS for nine of ten concurrent callers', async () => {
    const { db } = await openTestDatabase();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => db.recordSecurityEvent(once)));
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refused).toHaveLength(9);
    for (const error of refused) expect(error).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await db.events.count()).toBe(1);
  });
});

describe('markMitigated', () => {
  test.each([{ applied: true }, { applied: false }, { applied: true, details: undefined }])(
    'clears the details when none are given: %j',
    async (mitigation) => {
      const { db } = await openTestDatabase();
      const recorded = eventInput({ id: 'recorded', mitigationApplied: true, mitigationDetails: 'recorded' });
      await db.events.recordMany([recorded, eventInput({ id: 'marked' })]);
      await db.events.markMitigated('marked', { applied: true, details: 'marked' });
      for (const id of ['recorded', 'marked']) {
        expect(await db.events.markMitigated(id, mitigation)).toBe(true);
        const event = await db.events.get(id);
        expect(event).not.toHaveProperty('mitigationDetails');
        expect(event?.mitigationApplied).toBe(mitigation.applied);
      }
    },
  );
});

describe('aggregate', () => {
  /** Two of everything twice, three of everything once: the keys tie, and do not come in their order. */
  const shared = shareTestDatabase({}, async ({ db }) => {
    const rows = [
      ['THREAT_DETECTED', 'LOW', '\u{1F600}', 'b', 2_000],
      ['SYSTEM_ABUSE', 'HIGH', '\u{FFFD}', 'B', 1_000],
      ['custom', 'CRITICAL', 'z', 'a', -1_000],
    ] as const;
    const event = ([eventType, severity, source, target, ms]: (typeof rows)[number]) =>
      eventInput({ eventType, severity, source, target, timestamp: new Date(ms) });
    await db.events.recordMany([...rows, ...rows, rows[2]].map(event));
  });

  test.each<[EventGrouping, readonly string[]]>([
    ['eventType', ['custom', 'SYSTEM_ABUSE', 'THREAT_DETECTED']],
    ['severity', ['CRITICAL', 'HIGH', 'LOW']],
    ['source', ['z', '\u{FFFD}', '\u{1F600}']],
    ['target', ['a', 'B', 'b']],
    [{ bucketMs: 1_000 }, ['1969-12-31T23:59:59.000Z', '1970-01-01T00:00:01.000Z', '1970-01-01T00:00:02.000Z']],
  ])('groups by %j and orders groups of equal count by key', async (by, keys) => {
    const expected = keys.map((key, index) => ({ key, count: index === 0 ? 3 : 2 }));
    expect(await shared().db.events.aggregate({}, { by })).toEqual(expected);
  });

  test('refuses the former grouping name type', async () => {
    const by = 'type' as EventGrouping;
    const error = await expectError('INVALID_INPUT', () => shared().db.events.aggregate({}, { by }));
    expect(error.field).toBe('by');
  });
});

describe('metadata: {} in a query', () => {
  test('does not filter the results', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'plain' });
    await createCertificate(db, { id: 'rich', metadata: { a: 1 } });
    await createAgent(db, { id: 'plain', certificateId: 'plain' });
    await createAgent(db, { id: 'rich', certificateId: 'rich', metadata: { a: 1 } });
    await db.events.recordMany([eventInput({ id: 'plain' }), eventInput({ id: 'rich', metadata: { a: 1 } })]);
    const query = { metadata: {} };
    const [agents, certificates] = [db.agents, db.certificates];
    expect((await agents.query(query)).map(({ id }) => id).sort()).toEqual(['plain', 'rich']);
    expect(await agents.count(query)).toBe(2);
    expect((await agents.page(query)).items).toHaveLength(2);
    expect((await certificates.query(query)).map(({ id }) => id).sort()).toEqual(['plain', 'rich']);
    expect((await db.events.query(query)).map(({ id }) => id).sort()).toEqual(['plain', 'rich']);
    expect(await db.events.count(query)).toBe(2);
  });
});
