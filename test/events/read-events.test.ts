import type { EventGrouping, SecurityEvent, SecurityEventQuery } from '../../src';
import { onPostgresql } from '../support/engine';
import { callUntyped, expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { allOf, allPages } from '../support/pages';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');
const severities = ['INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
const total = 130;

/** Database with 130 events, in groups of up to seven events with the same time. */
const shared = shareTestDatabase({}, ({ db }) =>
  db.events.recordMany(
    Array.from({ length: total }, (_, index) =>
      eventInput({
        id: `é${(index * 37) % total}`,
        timestamp: new Date(t0 + 1000 * Math.floor(index / 7)),
        eventType: index % 3 === 0 ? 'CUSTOM' : 'THREAT_DETECTED',
        severity: severities[index % 5] ?? 'INFO',
        source: `s${index % 4}`,
        target: index < 4 ? '' : 't',
        metadata: { even: index % 2 === 0 },
      }),
    ),
  ),
);

test('events.get returns the event, or null when the event does not exist', async () => {
  const { db } = shared();
  expect(await db.events.get('é0')).toEqual((await db.events.query({ ids: ['é0'] }))[0]);
  expect(await db.events.get('nobody')).toBeNull();
});

describe('events.page', () => {
  test.each<[string, SecurityEventQuery, number]>([
    ['all events', {}, 7],
    ['all events, one by one', {}, 1],
    ['all events in one page', {}, total],
    ['some events', { eventTypes: ['CUSTOM'], minSeverity: 'LOW', metadata: { even: true } }, 4],
    ['the events of a span of time', { from: new Date(t0 + 1000), to: new Date(t0 + 3000) }, 5],
  ])('events.page returns %s in the order of query', async (_, query, size) => {
    const { events } = shared().db;
    expect(await allPages((page) => events.page(query, page), size)).toEqual(await events.query(query));
  });

  test('events.page returns up to 100 events by default', async () => {
    const { items, nextCursor } = await shared().db.events.page();
    expect(items).toHaveLength(100);
    expect(nextCursor).toMatch(/^[\w-]+$/);
    expect((await shared().db.events.page({}, { after: nextCursor })).items).toHaveLength(total - 100);
  });

  test('events.page accepts the cursor of an equal query whose fields have another order', async () => {
    const { db } = shared();
    const page = await db.events.page({ source: 's1', minSeverity: 'LOW', target: undefined }, { size: 2 });
    const rest = await db.events.page({ minSeverity: 'LOW', source: 's1' }, { after: page.nextCursor });
    expect([...page.items, ...rest.items]).toEqual(await db.events.query({ source: 's1', minSeverity: 'LOW' }));
  });

  test('events.page continues after the last event of the page while other events are recorded and pruned', async () => {
    const { db } = await openTestDatabase();
    const at = (second: number) => ({ id: `e${second}`, timestamp: new Date(t0 + second * 1000) });
    await db.events.recordMany([1, 2, 3, 4, 5, 6].map((second) => eventInput(at(second))));
    const first = await db.events.page({}, { size: 2 });
    await db.events.recordMany([eventInput(at(7)), eventInput(at(8))]);
    await db.events.prune({ before: new Date(t0 + 2000) });
    const second = await db.events.page({}, { size: 10, after: first.nextCursor });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(['e6', 'e5', 'e4', 'e3', 'e2']);
  });

  test('events.page returns an empty page when nothing matches', async () => {
    expect(await shared().db.events.page({ source: '' })).toEqual({ items: [] });
    expect(await shared().db.events.page({ source: 'nobody' })).toEqual({ items: [] });
  });

  test('events.page refuses invalid cursors and the cursor of another query', async () => {
    const { db } = shared();
    const { nextCursor = '' } = await db.events.page({ source: 's1' }, { size: 1 });
    const decoded = Buffer.from(nextCursor, 'base64url').toString();
    const cursors: unknown[] = ['', 'x', '!', 5, null, `${nextCursor}=`, nextCursor.slice(0, -2)];
    for (const [part, other] of [
      [/^\[1/, '[2'],
      [/,\d+,/, ',"1",'],
      [/,\d+,/, ',1e99,'],
      [/,"[^"]*"\]$/, ']'],
      [/\]$/, ',1]'],
      [/"é/, '"\\u0000'],
    ] as const) {
      expect(decoded).toMatch(part);
      cursors.push(Buffer.from(decoded.replace(part, other)).toString('base64url'));
    }
    for (const after of cursors) {
      const error = await expectError('INVALID_INPUT', () =>
        callUntyped(db.events, 'page', { source: 's1' }, { after }),
      );
      expect(error).toMatchObject({ operation: 'events.page', field: 'after', retryable: false });
    }
    for (const query of [{}, { source: 's2' }, { source: 's1', target: 't' }, { source: '' }]) {
      await expectError('INVALID_INPUT', () => db.events.page(query, { after: nextCursor }));
    }
  });
});

describe('events.iterate', () => {
  test('events.iterate yields the same events as query in the same order, over several pages', async () => {
    const { db } = await openTestDatabase();
    const events = Array.from({ length: 1201 }, (_, index) => eventInput({ timestamp: new Date(t0 + (index % 50)) }));
    await db.events.recordMany(events);
    expect(await allOf(db.events.iterate())).toEqual(await db.events.query());
    expect(await allOf(db.events.iterate({ source: 'nobody' }))).toEqual([]);
  });

  test('events.iterate reads no more pages when the loop ends early', async () => {
    const { db, statementsOf } = shared();
    const statements = await statementsOf(async () => {
      for await (const { id } of db.events.iterate()) {
        expect(id).not.toBe('');
        break;
      }
    });
    expect(statements).toHaveLength(1);
  });

  test('events.iterate works inside a transaction and fails with CONFLICT after the transaction', async () => {
    const { db } = shared();
    const rest = await db.transaction(async (tx) => {
      const events = tx.events.iterate({ source: 's1' });
      expect((await events.next()).value).toMatchObject({ source: 's1' });
      expect(await allOf(tx.events.iterate())).toHaveLength(total);
      return tx.events.iterate();
    });
    await expectError('CONFLICT', () => rest.next());
  });
});

describe('events.count', () => {
  test.each<[SecurityEventQuery]>([
    [{}],
    [{ severities: ['HIGH'], metadata: { even: false } }],
    [{ source: '' }],
    [{ mitigationApplied: true }],
  ])('events.count returns the number of events that events.query returns for %j', async (query) => {
    expect(await shared().db.events.count(query)).toBe((await shared().db.events.query(query)).length);
  });

  test('events.count ignores limit, offset and maxResults', async () => {
    expect(await shared().db.events.count({ limit: 0, offset: 3 })).toBe(total);
    const { db } = await openTestDatabase({ maxResults: 1 });
    await db.events.recordMany([eventInput(), eventInput()]);
    expect(await db.events.count()).toBe(2);
  });
});

describe('events.aggregate', () => {
  const keyOf: Readonly<Record<string, (event: SecurityEvent) => string>> = {
    eventType: ({ eventType }) => eventType,
    severity: ({ severity }) => severity,
    source: ({ source }) => source,
    target: ({ target }) => target,
    bucket: ({ timestamp }) => new Date(Math.floor(timestamp.getTime() / 4000) * 4000).toISOString(),
  };

  test.each<[string, EventGrouping, SecurityEventQuery]>([
    ['eventType', 'eventType', {}],
    ['severity', 'severity', {}],
    ['source', 'source', { minSeverity: 'HIGH' }],
    ['target', 'target', { limit: 0, offset: 2 }],
    ['bucket', { bucketMs: 4000 }, {}],
    ['bucket', { bucketMs: 4000 }, { source: 's3' }],
  ])(
    'events.aggregate counts events by %s, the largest group first: grouping %j, filter %j',
    async (name, by, filter) => {
      const { db } = shared();
      const counts = new Map<string, number>();
      for (const event of await db.events.query({ ...filter, limit: undefined, offset: undefined })) {
        const key = keyOf[name]?.(event) ?? '';
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const expected = [...counts].map(([key, count]) => ({ key, count }));
      expected.sort((one, other) => other.count - one.count || (one.key < other.key ? -1 : 1));
      expect(await db.events.aggregate(filter, { by })).toEqual(expected);
    },
  );

  test('events.aggregate counts times before 1970 in the correct bucket', async () => {
    const { db } = await openTestDatabase();
    const times = ['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00.000Z'];
    await db.events.recordMany(times.map((time) => eventInput({ timestamp: new Date(time) })));
    expect(await db.events.aggregate({}, { by: { bucketMs: 86_400_000 } })).toEqual(
      times.map((time) => ({ key: `${time.slice(0, 10)}T00:00:00.000Z`, count: 1 })),
    );
    const buckets = await db.events.aggregate({}, { by: { bucketMs: 36_525 * 86_400_000 } });
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  });

  test('events.aggregate returns an empty array when nothing matches', async () => {
    expect(await shared().db.events.aggregate({ source: '' }, { by: 'eventType' })).toEqual([]);
    expect(await shared().db.events.aggregate({ source: 'nobody' }, { by: { bucketMs: 1 } })).toEqual([]);
  });

  test('events.aggregate fails with RESULT_TOO_LARGE when more than maxResults groups match', async () => {
    const { db } = await openTestDatabase({ maxResults: 2 });
    await db.events.recordMany(['a', 'b', 'b', 'c'].map((source) => eventInput({ source })));
    await expectError('RESULT_TOO_LARGE', () => db.events.aggregate({}, { by: 'source' }));
    expect(await db.events.aggregate({ source: 'b' }, { by: 'source' })).toEqual([{ key: 'b', count: 2 }]);
  });
});

test('each read of security events runs one statement, and verify runs five or six for a short chain', async () => {
  const { db, statementsOf } = await openTestDatabase();
  await db.events.recordMany(Array.from({ length: 20 }, (_, index) => eventInput({ id: `e${index}` })));
  for (const read of [
    () => db.events.get('e1'),
    () => db.events.query(),
    () => db.events.page({}, { size: 5 }),
    () => db.events.count(),
    () => db.events.aggregate({}, { by: 'eventType' }),
  ]) {
    expect(await statementsOf(read)).toHaveLength(1);
  }
  // Two statements read the state of the chain before and after the others. The others read a batch of entries and a
  // batch of events, and find that there is no other batch. PostgreSQL first looks for pending entries.
  await db.events.verify();
  expect(await statementsOf(() => db.events.verify())).toHaveLength(onPostgresql ? 6 : 5);
});
