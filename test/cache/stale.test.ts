import { isStale, type CacheOptions, type DatabaseOptions } from '../../src';
import { expectError } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { openTestDatabase } from '../support/test-database';

const ttlMs = 1000;
const staleIfErrorMs = 5000;

/** A database that can fail, with a certificate and an agent in its cache, and a clock of the test's own. */
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
  // Whether it is a miss is not known where it cannot be asked whether others have committed.
  const outcomes = (): string[] =>
    events
      .splice(0)
      .flatMap((event) =>
        event.type === 'cache' && event.outcome !== 'miss' ? [`${event.outcome} ${event.entity}`] : [],
      );
  return { ...database, clock, fresh, outcomes };
}

describe('While the database is down, with staleIfErrorMs', () => {
  test('a record that was read before is answered, and marked', async () => {
    const { db, clock, fresh, outcomes, events, breakDown } = await openFilled();
    await breakDown();
    clock.nowMs += ttlMs + staleIfErrorMs - 1;
    const [agent, certificate, same] = [
      await db.getAgent('a'),
      await db.getCertificate('c'),
      await db.getCertificateByFingerprint('aabb'),
    ];
    expect(agent).toStrictEqual(fresh.agent);
    expect(certificate).toStrictEqual(fresh.certificate);
    expect(same).toStrictEqual(fresh.certificate);
    expect([agent, certificate, same].map((record) => record !== null && isStale(record))).toEqual([true, true, true]);
    expect(events.filter(({ type }) => type === 'error')).toEqual([]);
    expect(outcomes()).toEqual(['stale agent', 'stale certificate', 'stale certificate']);
  });

  test('what was given as fresh before stays fresh, and a stale record is frozen as well', async () => {
    const { db, clock, fresh, breakDown } = await openFilled();
    await breakDown();
    clock.nowMs += ttlMs;
    const stale = await db.getAgent('a');
    if (stale === null || fresh.agent === null) throw new Error('The agent is there');
    expect(isStale(fresh.agent)).toBe(false);
    expect(Object.isFrozen(stale) && Object.isFrozen(stale.capabilities)).toBe(true);
    expect(isStale({ ...stale })).toBe(false);
  });

  test('an older record is not', async () => {
    const { db, clock, breakDown, outcomes } = await openFilled();
    await breakDown();
    clock.nowMs += ttlMs + staleIfErrorMs;
    await expectError('UNAVAILABLE', () => db.getAgent('a'));
    expect(outcomes()).toEqual([]);
  });

  test('nor one that is kept within a clock that was set back', async () => {
    const { db, clock, breakDown } = await openFilled();
    await breakDown();
    clock.nowMs -= 1;
    await expectError('UNAVAILABLE', () => db.getAgent('a'));
  });

  test('that there is none is not', async () => {
    const { db, clock, breakDown } = await openFilled();
    expect(await db.getAgent('nobody')).toBeNull();
    expect(await db.getCertificateByFingerprint('CC')).toBeNull();
    await breakDown();
    clock.nowMs += ttlMs;
    await expectError('UNAVAILABLE', () => db.getAgent('nobody'));
    await expectError('UNAVAILABLE', () => db.getCertificateByFingerprint('CC'));
  });

  test('what this service has changed is not, also where nobody knows whether it was kept', async () => {
    const { db, clock, breakDown } = await openFilled();
    await db.updateCertificateStatus('c', 'REVOKED');
    await db.transaction((tx) => tx.updateAgent({ id: 'a', name: 'changed' }));
    await breakDown();
    clock.nowMs += ttlMs;
    await expectError('UNAVAILABLE', () => db.getCertificate('c'));
    await expectError('UNAVAILABLE', () => db.getCertificateByFingerprint('AA:BB'));
    await expectError('UNAVAILABLE', () => db.getAgent('a'));
  });

  test('what is deleted is not', async () => {
    const { db, clock, breakDown } = await openFilled();
    await db.deleteAgent('a');
    await breakDown();
    clock.nowMs += ttlMs;
    await expectError('UNAVAILABLE', () => db.getAgent('a'));
  });

  test('a read of the primary, and one inside a transaction, is not answered so', async () => {
    const { db, clock, breakDown } = await openFilled({}, { breaker: false });
    await breakDown();
    clock.nowMs += ttlMs;
    await expectError('UNAVAILABLE', () => db.getAgent('a', { consistency: 'primary' }));
    await expectError('UNAVAILABLE', () => db.getCertificate('c', { consistency: 'primary' }));
    await expectError('UNAVAILABLE', () => db.transaction((tx) => tx.getAgent('a')));
    await expectError('UNAVAILABLE', () => db.agents.getMany(['a']));
    expect(await db.getAgent('a')).toMatchObject({ id: 'a' });
  });

  test('the answers go on, without asking it, while the breaker refuses calls', async () => {
    const { db, clock, breakDown, failures, recover } = await openFilled(
      {},
      { breaker: { failures: 1, resetMs: 60_000 } },
    );
    await breakDown();
    clock.nowMs += ttlMs;
    await expectError('UNAVAILABLE', () => db.queryAgents({}));
    failures();
    const record = await db.getCertificateByFingerprint('AA:BB');
    expect(record !== null && isStale(record)).toBe(true);
    await recover();
  });

  test('many who ask at once are all answered', async () => {
    const { db, clock, breakDown } = await openFilled();
    await breakDown();
    clock.nowMs += ttlMs;
    const records = await Promise.all(Array.from({ length: 20 }, () => db.getAgent('a')));
    expect(records.every((record) => record !== null && isStale(record))).toBe(true);
  });

  test('a fresh answer follows when it is there again', async () => {
    const { db, clock, breakDown, recover, safeUrl } = await openFilled();
    const { db: other } = await openTestDatabase({ url: safeUrl });
    await breakDown();
    clock.nowMs += ttlMs;
    expect(await db.getAgent('a')).toMatchObject({ id: 'a' });
    await recover();
    await other.updateAgent({ id: 'a', name: 'changed' });
    const record = await db.getAgent('a');
    expect(record).toMatchObject({ name: 'changed' });
    expect(record !== null && isStale(record)).toBe(false);
  });

  test('and ttlMs: 0, records are kept for that alone', async () => {
    const { db, breakDown, outcomes } = await openFilled({ ttlMs: 0 });
    const record = await db.getAgent('a');
    expect(record !== null && isStale(record)).toBe(false);
    expect(outcomes()).toEqual([]);
    await breakDown();
    const stale = await db.getAgent('a');
    expect(stale !== null && isStale(stale)).toBe(true);
  });
});

test('Without staleIfErrorMs nothing stale is ever answered', async () => {
  const { db, clock, breakDown } = await openFilled({ staleIfErrorMs: 0 });
  await breakDown();
  clock.nowMs += ttlMs;
  await expectError('UNAVAILABLE', () => db.getAgent('a'));
});

test('A mistake is not answered from what is kept', async () => {
  const { db } = await openFilled();
  await expectError('INVALID_INPUT', () => db.getAgent(''));
});
