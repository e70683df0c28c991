import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { openFailingDatabase, type FailingDatabase } from '../support/outage';
import { testOn } from '../support/skip';
import { openTestDatabase } from '../support/test-database';

const aWhileMs = 300;

async function open(options: DatabaseOptions = {}): Promise<FailingDatabase> {
  const database = await openFailingDatabase({
    retry: false,
    breaker: { failures: 3, resetMs: aWhileMs },
    ...options,
  });
  await createCertificate(database.db, { id: 'c' });
  database.events.length = 0;
  return database;
}

function states({ events }: FailingDatabase): string[] {
  return events.flatMap((event) => (event.type === 'breaker' ? [event.state] : []));
}

async function fail(db: DatabaseService, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await expectError('UNAVAILABLE', () => db.getCertificate('c'));
}

describe('While the database is down', () => {
  test('calls fail at once after as many failures as the option says, without asking it', async () => {
    const database = await open();
    const { db, breakDown, failures } = database;
    await breakDown();
    await fail(db, 2);
    expect(states(database)).toEqual([]);
    await fail(db, 1);
    expect(states(database)).toEqual(['open']);
    failures();
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

  test('what is refused is not tried again', async () => {
    const database = await open({ retry: { attempts: 3, baseDelayMs: 1 } });
    await database.breakDown();
    await fail(database.db, 3);
    database.events.length = 0;
    await fail(database.db, 1);
    expect(database.events).toMatchObject([{ type: 'error', operation: 'certificates.get', attempt: 1 }]);
  });

  test('five failures open it where nothing else is said', async () => {
    const database = await open({ breaker: undefined });
    await database.breakDown();
    await fail(database.db, 4);
    expect(states(database)).toEqual([]);
    await fail(database.db, 1);
    expect(states(database)).toEqual(['open']);
  });

  test('with false, each call asks it', async () => {
    const database = await open({ breaker: false });
    await database.breakDown();
    await fail(database.db, 12);
    expect(states(database)).toEqual([]);
    // The first may have found a connection that was lost.
    expect(database.failures()).toBeGreaterThanOrEqual(11);
  });

  test('a failing transaction counts, and its callback is not called', async () => {
    const database = await open();
    await database.breakDown();
    const work = jest.fn();
    for (let time = 0; time < 3; time += 1) await expectError('UNAVAILABLE', () => database.db.transaction(work));
    expect(states(database)).toEqual(['open']);
    expect(work).not.toHaveBeenCalled();
  });

  test('calls that were under way together count as one failure', async () => {
    const database = await open();
    await database.breakDown();
    const calls = Array.from({ length: 8 }, () => expectError('UNAVAILABLE', () => database.db.getCertificate('c')));
    await Promise.all(calls);
    expect(states(database)).toEqual([]);
  });

  test('one call in a while asks it, and opens it again where it is not there', async () => {
    const database = await open();
    const { db, breakDown, failures } = database;
    await breakDown();
    await fail(db, 3);
    await sleep(aWhileMs + 20);
    failures();
    const calls = Array.from({ length: 5 }, () => expectError('UNAVAILABLE', () => db.getCertificate('c')));
    const errors = await Promise.all(calls);
    expect(failures()).toBe(1);
    expect(errors.filter(({ message }) => message.includes('circuit breaker is open'))).toHaveLength(4);
    expect(states(database)).toEqual(['open', 'half-open', 'open']);
  });
});

describe('When the database is there again', () => {
  test('the first call that gets through lets all others through', async () => {
    const database = await open();
    const { db, breakDown, recover } = database;
    await breakDown();
    await fail(db, 3);
    await recover();
    await fail(db, 1);
    await sleep(aWhileMs + 20);
    expect(await db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(await Promise.all([db.getAgent('a'), db.getAgent('b')])).toEqual([null, null]);
    expect(states(database)).toEqual(['open', 'half-open', 'closed']);
  });

  test('a mistake of the caller’s shows that it is there', async () => {
    const database = await open();
    await database.breakDown();
    await fail(database.db, 3);
    await database.recover();
    await sleep(aWhileMs + 20);
    await expectError('ALREADY_EXISTS', () => createCertificate(database.db, { id: 'c' }));
    expect(states(database)).toEqual(['open', 'half-open', 'closed']);
  });

  test('a call whose failure says nothing of it lets the next one find out', async () => {
    const database = await open();
    await createCertificate(database.db, { id: 'revoked', status: 'REVOKED' });
    await database.breakDown();
    await fail(database.db, 3);
    await database.recover();
    await sleep(aWhileMs + 20);
    await expectError('INVALID_TRANSITION', () => database.db.updateCertificateStatus('revoked', 'VALID'));
    expect(states(database)).toEqual(['open', 'half-open', 'open']);
    expect(await database.db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(states(database).at(-1)).toBe('closed');
  });

  test('with resetMs: 0 the next call finds out at once', async () => {
    const database = await open({ breaker: { failures: 1, resetMs: 0 } });
    await database.breakDown();
    await fail(database.db, 2);
    await database.recover();
    expect(await database.db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(states(database)).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  test('opening anew closes it', async () => {
    const database = await open({ breaker: { failures: 1, resetMs: 60_000 } });
    await database.breakDown();
    await fail(database.db, 1);
    await database.recover();
    await database.db.close();
    await database.db.initialize();
    expect(await database.db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(states(database)).toEqual(['open', 'closed']);
  });
});

describe('Without an outage', () => {
  test('failures that an answer lies between are not in a row', async () => {
    const database = await open();
    for (let round = 0; round < 4; round += 1) {
      await database.breakDown();
      await fail(database.db, 2);
      await database.recover();
      expect(await database.db.getCertificate('c')).toMatchObject({ id: 'c' });
    }
    expect(states(database)).toEqual([]);
  });

  test('mistakes and refusals never open it', async () => {
    const database = await open();
    const { db } = database;
    for (let round = 0; round < 6; round += 1) {
      await expectError('ALREADY_EXISTS', () => createCertificate(db, { id: 'c' }));
      await expectError('REFERENCE_NOT_FOUND', () => createAgent(db, { certificateId: 'nothing' }));
      await expectError('INVALID_INPUT', () => db.getAgent(''));
      await expect(db.transaction(() => Promise.reject(new Error('the caller’s own')))).rejects.toThrow('own');
    }
    expect(states(database)).toEqual([]);
  });

  test('a connection that the caller’s own work has lost elsewhere does not', async () => {
    const database = await open();
    const lost = Object.assign(new Error('elsewhere'), { code: 'ECONNRESET' });
    for (let round = 0; round < 6; round += 1) {
      await expect(database.db.transaction(() => Promise.reject(lost))).rejects.toBe(lost);
    }
    expect(states(database)).toEqual([]);
  });

  testOn('sqlite', 'a lock never opens it', async () => {
    const database = await open({ busyTimeoutMs: 1 });
    const { db: other } = await openTestDatabase({ url: database.safeUrl });
    await other.transaction(async () => {
      for (let round = 0; round < 6; round += 1) await expectError('BUSY', () => createCertificate(database.db));
    });
    expect(states(database)).toEqual([]);
  });
});
