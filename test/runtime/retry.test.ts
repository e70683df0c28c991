import type { DatabaseEvent, DatabaseService, TransactionScope } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { rawRows } from '../support/raw-reader';
import { testOn } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';
import { onPostgresql } from '../support/engine';

const fast = { baseDelayMs: 1, maxDelayMs: 5 };
const many = { attempts: 100, baseDelayMs: 20, maxDelayMs: 20 };

/** First words of the statement that begins a write transaction. */
const begin = onPostgresql ? 'BEGIN ISOLATION LEVEL' : 'BEGIN IMMEDIATE';

function retriesIn(events: readonly DatabaseEvent[]) {
  return events.filter((event) => event.type === 'retry');
}

/** Makes the clock of the process advance by `ms` at each retry only, so that the load of the machine has no effect. */
function advanceClockAtRetries(events: readonly DatabaseEvent[], ms: number): void {
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => ms * retriesIn(events).length);
  afterTest(() => clock.mockRestore());
}

test('a call with invalid or refused input is not retried', async () => {
  const database = await openTestDatabase({ retry: fast });
  await createCertificate(database.db, { id: 'a' });
  await expectError('ALREADY_EXISTS', () => createCertificate(database.db, { id: 'a' }));
  await expectError('REFERENCE_NOT_FOUND', () => createAgent(database.db, { certificateId: 'nothing' }));
  await expectError('INVALID_INPUT', () => createCertificate(database.db, { id: '' }));
  expect(retriesIn(database.events)).toEqual([]);
});

describe('retry.budgetMs', () => {
  test.each<[string, (db: DatabaseService) => Promise<unknown>]>([
    ['call', (db) => db.createCertificate(certificateInput())],
    ['transaction', (db) => db.transaction(() => 1)],
  ])('retry.budgetMs ends the attempts of a %s', async (_name, call) => {
    const { db, events, breakDown } = await openFailingDatabase({ retry: { ...many, budgetMs: 250 }, breaker: false });
    await breakDown();
    advanceClockAtRetries(events, 50);
    await expectError('UNAVAILABLE', () => call(db));
    expect(retriesIn(events)).toHaveLength(5);
    expect(events.slice(-2)).toMatchObject([
      { type: 'error', code: 'UNAVAILABLE', attempt: 6 },
      { type: 'call', code: 'UNAVAILABLE', attempts: 6 },
    ]);
  });

  test('retry.budgetMs prevents delays that would exceed the budget', async () => {
    const retry = { attempts: 3, baseDelayMs: 1_000_000, maxDelayMs: 1_000_000, budgetMs: 100 };
    const { db, events, breakDown } = await openFailingDatabase({ retry, breaker: false });
    await breakDown();
    // A longer delay ends this test by its time limit.
    for (let round = 0; round < 5; round += 1) await expectError('UNAVAILABLE', () => db.queryAgents({}));
    expect(retriesIn(events).every(({ delayMs }) => delayMs < 100)).toBe(true);
  });

  test.each(['a call', 'a transaction'])('retry.budgetMs: 0 disables the retries of %s', async (what) => {
    const { db, events, breakDown } = await openFailingDatabase({ retry: { ...fast, budgetMs: 0 } });
    await breakDown();
    await expectError('UNAVAILABLE', () => (what === 'a call' ? db.queryAgents({}) : db.transaction(() => 1)));
    expect(retriesIn(events)).toEqual([]);
    expect(events.slice(-2)).toMatchObject([
      { type: 'error', attempt: 1 },
      { type: 'call', attempts: 1 },
    ]);
  });

  testOn('postgresql', 'retry.budgetMs ends the retries of a transaction that conflicts with others', async () => {
    const { db, options, events } = await openTestDatabase({ retry: { ...many, budgetMs: 300 } });
    const { db: other } = await openTestDatabase({ url: options.url });
    await createCertificate(db, { id: 'c' });
    let runs = 0;
    advanceClockAtRetries(events, 100);
    const clash = (): Promise<unknown> =>
      db.transaction(async (tx) => {
        runs += 1;
        await tx.getCertificate('c');
        await other.certificates.setMetadata('c', { runs });
        return tx.certificates.setMetadata('c', { mine: true });
      });
    await expectError('CONFLICT', clash);
    expect(runs).toBe(4);
    expect(retriesIn(events)).toHaveLength(3);
  });
});

describe('a transaction that cannot begin', () => {
  test('a transaction that cannot begin is retried until it begins, and its callback runs once', async () => {
    const database = await openFailingDatabase({ retry: fast });
    database.failStatements(begin, 2);
    const work = jest.fn((tx: TransactionScope) => tx.createCertificate(certificateInput({ id: 'a' })));
    expect(await database.db.transaction(work)).toBe('a');
    expect(database.failures()).toBe(2);
    expect(work).toHaveBeenCalledTimes(1);
    expect(await rawRows(database, 'certificates')).toHaveLength(1);
    expect(database.events.filter(({ type }) => type === 'retry' || type === 'error')).toMatchObject([
      { type: 'retry', operation: 'transaction', code: 'UNAVAILABLE', attempt: 1 },
      { type: 'retry', operation: 'transaction', code: 'UNAVAILABLE', attempt: 2 },
    ]);
  });

  test.each([
    ['retry.attempts: 3', { ...fast, attempts: 3 }, 3],
    ['retry: false', false, 1],
  ] as const)(
    'a transaction that cannot begin causes one error event with the number of attempts (%s)',
    async (_name, retry, attempt) => {
      const { db, events, failStatements } = await openFailingDatabase({ retry });
      failStatements(begin, 100);
      await expectError('UNAVAILABLE', () => db.transaction(() => 1));
      expect(events.filter(({ type }) => type === 'error')).toMatchObject([
        { operation: 'transaction', code: 'UNAVAILABLE', attempt },
      ]);
      expect(retriesIn(events)).toHaveLength(attempt - 1);
    },
  );
});

test('a call that succeeds at a later attempt creates its record once', async () => {
  const database = await openFailingDatabase({ retry: fast });
  database.failStatements(begin, 3);
  const certificateId = await createCertificate(database.db, { id: 'a' });
  const id = await createAgent(database.db, { certificateId, capabilities: ['a'] });
  expect(database.failures()).toBe(3);
  expect(await rawRows(database, 'certificates')).toHaveLength(1);
  expect(await database.db.queryAgents({})).toMatchObject([{ id, capabilities: ['a'] }]);
});
