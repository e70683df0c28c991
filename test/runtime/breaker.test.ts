import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { openFailingDatabase, type FailingDatabase } from '../support/outage';
import { testOn } from '../support/skip';
import { openTestDatabase } from '../support/test-database';

const resetMs = 150;
const longBreaker = { failures: 3, resetMs: 60_000 };

async function open(options: DatabaseOptions = {}): Promise<FailingDatabase> {
  const database = await openFailingDatabase({ retry: false, breaker: { failures: 3, resetMs }, ...options });
  await createCertificate(database.db, { id: 'c' });
  await createCertificate(database.db, { id: 'revoked', status: 'REVOKED' });
  database.events.length = 0;
  return database;
}

/** Opens a database that is down, and opens its circuit breaker by failing calls. */
async function openBroken(options: DatabaseOptions = {}): Promise<FailingDatabase> {
  const database = await open(options);
  await database.breakDown();
  await fail(database.db, 3);
  database.failures();
  return database;
}

function states({ events }: FailingDatabase): string[] {
  return events.flatMap((event) => (event.type === 'breaker' ? [event.state] : []));
}

async function fail(db: DatabaseService, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await expectError('UNAVAILABLE', () => db.getCertificate('c'));
}

describe('the circuit breaker while the database is down', () => {
  test.each([
    ['breaker.failures', 3, { failures: 3, resetMs }],
    ['the default of breaker.failures', 5, undefined],
  ])('the circuit breaker opens after as many consecutive failures as %s', async (_name, failures, breaker) => {
    const database = await open({ breaker });
    await database.breakDown();
    await fail(database.db, failures - 1);
    expect(states(database)).toEqual([]);
    await fail(database.db, 1);
    expect(states(database)).toEqual(['open']);
  });

  test('an open circuit breaker refuses every call at once, without a request to the database', async () => {
    const { db, failures } = await openBroken({ breaker: longBreaker });
    for (const call of [
      () => db.getCertificate('c'),
      () => db.queryAgents({}),
      () => db.createCertificate(certificateInput()),
      () => db.transaction(() => 1),
      () => db.agents.get('a', { consistency: 'primary' }),
    ]) {
      const error = await expectError('UNAVAILABLE', call);
      expect(error).toMatchObject({ retryable: true });
      expect(error.message).toMatch(/circuit breaker is open/);
    }
    expect(failures()).toBe(0);
  });

  test('an open circuit breaker refuses a call without retries', async () => {
    const { db, events } = await openBroken({ breaker: longBreaker, retry: { attempts: 3, baseDelayMs: 1 } });
    events.length = 0;
    await fail(db, 1);
    expect(events).toMatchObject([
      { type: 'error', operation: 'certificates.get', attempt: 1 },
      { type: 'call', operation: 'certificates.get', outcome: 'error', attempts: 1 },
    ]);
  });

  test('breaker: false disables the circuit breaker, so that each call requests the database', async () => {
    const database = await open({ breaker: false });
    await database.breakDown();
    await fail(database.db, 12);
    expect(states(database)).toEqual([]);
    // The first call may fail because its connection is lost, which is not counted.
    expect(database.failures()).toBeGreaterThanOrEqual(11);
  });

  test('the circuit breaker counts a transaction that cannot begin as a failure, and its callback does not run', async () => {
    const database = await open();
    await database.breakDown();
    const work = jest.fn();
    for (let time = 0; time < 3; time += 1) await expectError('UNAVAILABLE', () => database.db.transaction(work));
    expect(states(database)).toEqual(['open']);
    expect(work).not.toHaveBeenCalled();
  });

  test('the circuit breaker counts calls that fail at the same time as one failure', async () => {
    const database = await open();
    await database.breakDown();
    const calls = Array.from({ length: 8 }, () => expectError('UNAVAILABLE', () => database.db.getCertificate('c')));
    await Promise.all(calls);
    expect(states(database)).toEqual([]);
  });

  test('the circuit breaker allows one call after resetMs, and opens again when that call fails', async () => {
    const database = await openBroken();
    await sleep(resetMs + 20);
    const calls = Array.from({ length: 5 }, () => expectError('UNAVAILABLE', () => database.db.getCertificate('c')));
    const errors = await Promise.all(calls);
    expect(database.failures()).toBe(1);
    expect(errors.filter(({ message }) => message.includes('circuit breaker is open'))).toHaveLength(4);
    expect(states(database)).toEqual(['open', 'half-open', 'open']);
  });
});

describe('the circuit breaker after the database is reachable again', () => {
  test.each<[string, (db: DatabaseService) => Promise<unknown>, readonly string[]]>([
    [
      'closes when the first call succeeds',
      async (db) => expect(await db.getCertificate('c')).not.toBeNull(),
      ['closed'],
    ],
    [
      'closes when the database refuses the first call because of its input',
      (db) => expectError('ALREADY_EXISTS', () => createCertificate(db, { id: 'c' })),
      ['closed'],
    ],
    [
      'allows a second call when the failure of the first one does not show whether the database is reachable',
      (db) => expectError('INVALID_TRANSITION', () => db.updateCertificateStatus('revoked', 'VALID')),
      ['open', 'half-open', 'closed'],
    ],
  ])('after an outage, the circuit breaker %s', async (_title, call, last) => {
    const database = await openBroken();
    const { db, recover } = database;
    await recover();
    await fail(db, 1);
    await sleep(resetMs + 20);
    await call(db);
    expect(await db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(await Promise.all([db.getAgent('a'), db.getAgent('b')])).toEqual([null, null]);
    expect(states(database)).toEqual(['open', 'half-open', ...last]);
  });

  test('the circuit breaker allows the next call at once when resetMs is 0', async () => {
    const database = await open({ breaker: { failures: 1, resetMs: 0 } });
    await database.breakDown();
    await fail(database.db, 2);
    await database.recover();
    expect(await database.db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(states(database)).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  test('the circuit breaker closes when the database is opened again', async () => {
    const database = await openBroken({ breaker: { failures: 1, resetMs: 60_000 } });
    await database.recover();
    await database.db.close();
    await database.db.initialize();
    expect(await database.db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(states(database)).toEqual(['open', 'closed']);
  });
});

describe('the circuit breaker without an outage', () => {
  test('the circuit breaker starts to count from zero after a success', async () => {
    const database = await open();
    for (let round = 0; round < 4; round += 1) {
      await database.breakDown();
      await fail(database.db, 2);
      await database.recover();
      expect(await database.db.getCertificate('c')).toMatchObject({ id: 'c' });
    }
    expect(states(database)).toEqual([]);
  });

  test('the circuit breaker ignores invalid input, refused calls and errors of a callback', async () => {
    const database = await open();
    const { db } = database;
    const lost = Object.assign(new Error('a connection of the callback'), { code: 'ECONNRESET' });
    for (let round = 0; round < 6; round += 1) {
      await expectError('ALREADY_EXISTS', () => createCertificate(db, { id: 'c' }));
      await expectError('REFERENCE_NOT_FOUND', () => createAgent(db, { certificateId: 'nothing' }));
      await expectError('INVALID_INPUT', () => db.getAgent(''));
    }
    for (const error of [new Error('own'), lost]) {
      for (let round = 0; round < 6; round += 1) {
        await expect(db.transaction(() => Promise.reject(error))).rejects.toBe(error);
      }
    }
    expect(states(database)).toEqual([]);
  });

  testOn('sqlite', 'the circuit breaker does not open when writes fail with BUSY', async () => {
    const database = await open({ busyTimeoutMs: 1 });
    const { db: other } = await openTestDatabase({ url: database.safeUrl });
    await other.transaction(async () => {
      for (let round = 0; round < 6; round += 1) await expectError('BUSY', () => createCertificate(database.db));
    });
    expect(states(database)).toEqual([]);
  });
});
