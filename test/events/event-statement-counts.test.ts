import { onPostgresql } from '../support/engine';
import { eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

/** PostgreSQL waits for its turn first. */
const turn = onPostgresql ? 1 : 0;

describe('How many SQL statements a call about events takes', () => {
  test('a write', async () => {
    const { db, statementsOf } = await openTestDatabase();
    await db.events.record(eventInput({ id: 'a' }));
    // The head, the event, its metadata, its entry; PostgreSQL puts them into one.
    expect(await statementsOf(() => db.events.record(eventInput()))).toHaveLength(onPostgresql ? 2 : 3);
    const event = eventInput({ metadata: { one: 1, two: 2 } });
    expect(await statementsOf(() => db.events.record(event))).toHaveLength(onPostgresql ? 2 : 4);
    expect(await statementsOf(() => db.events.recordMany([event, event, event]))).toHaveLength(turn + 4);
    expect(await statementsOf(() => db.events.markMitigated('a', { applied: true }))).toHaveLength(turn + 3);
    expect(await statementsOf(() => db.events.markMitigated('b', { applied: true }))).toHaveLength(turn + 1);
  });

  test('a read', async () => {
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
    // The state before and after, a batch of entries, a batch of events and that there is no other.
    expect(await statementsOf(() => db.events.verify())).toHaveLength(5);
  });

  test('a pruning, as many whatever a batch holds', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const timestamp = new Date(0);
    const record = (count: number) =>
      db.events.recordMany(Array.from({ length: count }, () => eventInput({ timestamp, metadata: { one: 1 } })));
    await record(1);
    const one = await statementsOf(() => db.events.prune({ before: new Date(1) }));
    await record(499);
    expect(await statementsOf(() => db.events.prune({ before: new Date(1) }))).toEqual(one);
    expect(one).toHaveLength(turn + 11);
  });
});
