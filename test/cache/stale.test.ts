import { isStale, type CacheOptions, type DatabaseOptions, type DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { openTestDatabase } from '../support/test-database';

const ttlMs = 1000;
const staleIfErrorMs = 5000;

/** Opens a database that can fail, with an agent and a certificate in its cache and a clock of the test's own. */
async function openFilled(cache: CacheOptions = {}, more: DatabaseOptions = {}) {
  const clock = { nowMs: 1_800_000_000_000 };
  const database = await openFailingDatabase({
    retry: false,
    now: () => clock.nowMs,
    cache: { ttlMs, staleIfErrorMs, ...cache },
    ...more,
  });
  const { db, events } = database;
  await createCertificate(db, { id: 'c', fingerprint: 'AA:BB', metadata: { one: [1] } });
  await createAgent(db, { id: 'a', certificateId: 'c', capabilities: ['x'] });
  const fresh = { agent: await db.getAgent('a'), certificate: await db.getCertificate('c') };
  events.length = 0;
  // Misses are omitted: while the cache cannot find out whether others have committed, it reports no miss.
  const outcomes = (): string[] =>
    events.flatMap((event) =>
      event.type === 'cache' && event.outcome !== 'miss' ? [`${event.outcome} ${event.entity}`] : [],
    );
  /** Stops the database and lets time pass. */
  const failFor = async (ms: number): Promise<void> => {
    await database.breakDown();
    clock.nowMs += ms;
  };
  return { ...database, fresh, outcomes, failFor };
}

async function isStaleAgent(db: DatabaseService): Promise<boolean> {
  const agent = await db.getAgent('a');
  return agent !== null && isStale(agent);
}

describe('staleIfErrorMs', () => {
  test('while the database is down, a read returns a stale, frozen copy of a cached record', async () => {
    const { db, fresh, outcomes, events, failFor } = await openFilled();
    await failFor(ttlMs + staleIfErrorMs - 1);
    const agent = await db.getAgent('a');
    const certificates = [await db.getCertificate('c'), await db.getCertificateByFingerprint('aabb')];
    expect(agent).toStrictEqual(fresh.agent);
    expect(certificates).toStrictEqual([fresh.certificate, fresh.certificate]);
    expect([agent, ...certificates].map((record) => record !== null && isStale(record))).toEqual([true, true, true]);
    expect(Object.isFrozen(agent) && Object.isFrozen(agent?.capabilities)).toBe(true);
    expect(agent !== null && isStale({ ...agent })).toBe(false);
    expect(fresh.agent !== null && isStale(fresh.agent)).toBe(false);
    expect(events.filter(({ type }) => type === 'error')).toEqual([]);
    expect(outcomes()).toEqual(['stale agent', 'stale certificate', 'stale certificate']);
  });

  test.each([
    ['the age of the record is ttlMs + staleIfErrorMs', ttlMs + staleIfErrorMs],
    ['the clock was set back', -1],
  ])('while the database is down, a cached read fails with UNAVAILABLE when %s', async (_, ms) => {
    const { db, failFor, outcomes } = await openFilled();
    await failFor(ms);
    await expectError('UNAVAILABLE', () => db.getAgent('a'));
    expect(outcomes()).toEqual([]);
  });

  test('while the database is down, a read of a record that did not exist fails with UNAVAILABLE', async () => {
    const { db, failFor } = await openFilled();
    expect(await db.getAgent('nobody')).toBeNull();
    expect(await db.getCertificateByFingerprint('CC')).toBeNull();
    await failFor(ttlMs);
    await expectError('UNAVAILABLE', () => db.getAgent('nobody'));
    await expectError('UNAVAILABLE', () => db.getCertificateByFingerprint('CC'));
  });

  test.each<[string, (db: DatabaseService) => Promise<unknown>]>([
    ['changed', (db) => db.transaction((tx) => tx.updateAgent({ id: 'a', name: 'changed' }))],
    ['deleted', (db) => db.deleteAgent('a')],
  ])(
    'while the database is down, a read fails with UNAVAILABLE when this service has %s the record',
    async (_, change) => {
      const { db, failFor } = await openFilled();
      await change(db);
      await db.updateCertificateStatus('c', 'REVOKED');
      await failFor(ttlMs);
      await expectError('UNAVAILABLE', () => db.getAgent('a'));
      await expectError('UNAVAILABLE', () => db.getCertificate('c'));
      await expectError('UNAVAILABLE', () => db.getCertificateByFingerprint('AA:BB'));
    },
  );

  test('while the database is down, getMany, reads of the primary and reads in a transaction fail with UNAVAILABLE', async () => {
    const { db, failFor } = await openFilled({}, { breaker: false });
    await failFor(ttlMs);
    for (const read of [
      () => db.getAgent('a', { consistency: 'primary' }),
      () => db.getCertificate('c', { consistency: 'primary' }),
      () => db.transaction((tx) => tx.getAgent('a')),
      () => db.agents.getMany(['a']),
    ]) {
      await expectError('UNAVAILABLE', read);
    }
    expect(await isStaleAgent(db)).toBe(true);
  });

  test('a cached read returns a stale record while the circuit breaker refuses calls', async () => {
    const { db, failFor, recover } = await openFilled({}, { breaker: { failures: 1, resetMs: 60_000 } });
    await failFor(ttlMs);
    await expectError('UNAVAILABLE', () => db.queryAgents({}));
    expect(await isStaleAgent(db)).toBe(true);
    await recover();
  });

  test('concurrent reads of a cached record all return a stale record while the database is down', async () => {
    const { db, failFor } = await openFilled();
    await failFor(ttlMs);
    const records = await Promise.all(Array.from({ length: 20 }, () => isStaleAgent(db)));
    expect(records).toEqual(records.map(() => true));
  });

  test('a cached read returns a fresh record after the database is available again', async () => {
    const { db, failFor, recover, safeUrl } = await openFilled();
    const { db: other } = await openTestDatabase({ url: safeUrl });
    await failFor(ttlMs);
    expect(await isStaleAgent(db)).toBe(true);
    await recover();
    await other.updateAgent({ id: 'a', name: 'changed' });
    expect(await isStaleAgent(db)).toBe(false);
    expect(await db.getAgent('a')).toMatchObject({ name: 'changed' });
  });

  test('a cached read returns a stale record while the database is down, even when ttlMs is 0', async () => {
    const { db, breakDown, outcomes } = await openFilled({ ttlMs: 0 });
    expect(await isStaleAgent(db)).toBe(false);
    expect(outcomes()).toEqual([]);
    await breakDown();
    expect(await isStaleAgent(db)).toBe(true);
  });
});

test('Without staleIfErrorMs, a read fails with UNAVAILABLE while the database is down', async () => {
  const { db, failFor } = await openFilled({ staleIfErrorMs: 0 });
  await failFor(ttlMs);
  await expectError('UNAVAILABLE', () => db.getAgent('a'));
});

test('With staleIfErrorMs, a read with invalid input fails with INVALID_INPUT', async () => {
  const { db } = await openFilled();
  await expectError('INVALID_INPUT', () => db.getAgent(''));
});
