import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { findFreePort } from '../support/server-process';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { whyNoOwnServer } from '../support/own-server';
import { comesFromReplica, maxReplicaLagMs, replicaServesAgain, shareReplication } from './replication';
import { TcpProxy } from '../support/tcp-proxy';
import { inspected } from '../support/inspected';

/** What a read may be slowed by that has to do without its replica. */
const slowestMs = 300;

describeUnless(whyNoOwnServer, 'With read replicas', () => {
  const replication = shareReplication();

  describe('that fail', () => {
    /** Reads for a while; each of them has to succeed, and soon. Gives the slowest, in milliseconds. */
    async function readOn(db: DatabaseService, durationMs: number): Promise<{ slowestMs: number; medianMs: number }> {
      const times: number[] = [];
      const end = performance.now() + durationMs;
      while (performance.now() < end) {
        const start = performance.now();
        expect(await db.getAgent('a')).not.toBeNull();
        times.push(performance.now() - start);
        await sleep(5);
      }
      times.sort((a, b) => a - b);
      return { slowestMs: times.at(-1) ?? 0, medianMs: times[Math.floor(times.length / 2)] ?? 0 };
    }

    test.each(['fast', 'immediate'] as const)(
      'stopped %s: the primary answers, and the replica when it is back',
      async (mode) => {
        const { db, told } = await replication.open();
        const reading = readOn(db, 1200);
        await sleep(200);
        await replication.standby().stop(mode);
        expect((await reading).slowestMs).toBeLessThan(slowestMs);
        await replication.standby().start();
        await replicaServesAgain({ db, told });
      },
    );

    test('its connections terminated: no call fails', async () => {
      const { db } = await replication.open();
      const reading = readOn(db, 500);
      const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ans-database'`;
      for (let round = 0; round < 10; round += 1) {
        await administer(replication.standby().url(), terminate);
        await sleep(30);
      }
      await reading;
    });

    test('cut off from its primary while it goes on answering: the primary answers after maxReplicaLagMs', async () => {
      const { db } = await replication.open();
      await administer(replication.standby().url(), "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=9'");
      await administer(replication.standby().url(), 'SELECT pg_reload_conf()');
      await waitUntil(
        async () => (await administer(replication.standby().url(), 'SELECT 1 FROM pg_stat_wal_receiver')).length === 0,
      );
      try {
        const id = await replication.write(db);
        await sleep(maxReplicaLagMs);
        for (let round = 0; round < 20; round += 1) {
          expect(await comesFromReplica(db, id)).toBe(false);
          await sleep(10);
        }
      } finally {
        await administer(replication.standby().url(), 'ALTER SYSTEM RESET primary_conninfo');
        await administer(replication.standby().url(), 'SELECT pg_reload_conf()');
        await replication.caughtUp();
      }
    });

    test('silent, as behind a network that lets nothing pass: no read hangs or fails, few are slow, close ends', async () => {
      const proxy = await TcpProxy.start(replication.standby().port);
      const { db, told } = await replication.open({ replicaUrls: [proxy.url(replication.replicaUrl())] });
      await readOn(db, 100);
      proxy.silence();
      const { slowestMs: slowest, medianMs } = await readOn(db, 2500);
      expect(slowest).toBeLessThan(slowestMs + 200);
      expect(medianMs).toBeLessThan(50);
      expect(JSON.stringify(told)).toContain('lags');
      proxy.restore();
      await replicaServesAgain({ db, told });
      proxy.silence();
      const start = performance.now();
      await db.close();
      expect(performance.now() - start).toBeLessThan(3000);
    });

    test('silent from the start: initialize succeeds soon, and reads are not slowed one and all', async () => {
      const proxy = await TcpProxy.start(replication.standby().port);
      proxy.silence();
      const start = performance.now();
      const { db } = await replication.open({ replicaUrls: [proxy.url(replication.replicaUrl())] });
      expect(performance.now() - start).toBeLessThan(3000);
      const { slowestMs: slowest, medianMs } = await readOn(db, 1000);
      expect(slowest).toBeLessThan(slowestMs);
      expect(medianMs).toBeLessThan(50);
    });

    test('one of two silent: the other goes on', async () => {
      const proxy = await TcpProxy.start(replication.standby().port);
      const { db } = await replication.open({
        replicaUrls: [proxy.url(replication.replicaUrl()), replication.replicaUrl(1)],
      });
      proxy.silence();
      await readOn(db, 1500);
      await replication.whilePaused(async () => {
        // It is current still, as it holds all that there is.
        await db.getAgent('a');
        const id = await replication.write(db);
        expect(await comesFromReplica(db, id)).toBe(true);
      }, 1);
    });

    test('a primary that is down does not keep a replica from answering, while calls that need it fail at once', async () => {
      const proxy = await TcpProxy.start(replication.primary.port);
      const { db, told } = await replication.open({
        url: proxy.url(replication.url),
        maxReplicaLagMs: 60_000,
        retry: false,
        breaker: { failures: 2, resetMs: 60_000 },
      });
      expect(await db.health()).toMatchObject({ status: 'up', replicas: [{ isServing: true }] });
      await readOn(db, 100);
      proxy.retarget(await findFreePort());
      proxy.cutAll();
      for (let round = 0; round < 3; round += 1) {
        await expectError('UNAVAILABLE', () => db.getAgent('a', { consistency: 'primary' }));
      }
      expect(inspected(told)).toContain('calls fail at once');
      await readOn(db, 1500);
      const health = await db.health();
      expect(health).toMatchObject({ status: 'down', breaker: 'open', replicas: [{ isServing: true }] });
      expect(health.replicas[0]?.lagMs).toBeGreaterThan(1000);
    });

    test('a query that no server can answer is the caller’s: the replica goes on', async () => {
      const { db, told } = await replication.open();
      // Later than any time that a server knows.
      await db.queryAgents({ expiresBefore: new Date(8.64e15) }).catch(() => undefined);
      await db.queryAgents({ limit: 1, offset: Number.MAX_SAFE_INTEGER }).catch(() => undefined);
      expect(JSON.stringify(told)).not.toContain('lags');
    });
  });

  test('a primary that is gone leaves nobody to say how current a replica is: reads fail after maxReplicaLagMs at most', async () => {
    const { db } = await replication.open({ pool: { connectTimeoutMs: 500 } });
    await db.getAgent('a');
    await replication.primary.stop('fast');
    afterTest(async () => {
      await replication.primary.start();
    });
    await sleep(maxReplicaLagMs + 100);
    const error = await expectError('UNAVAILABLE', () => db.getAgent('a'));
    expect(error.retryable).toBe(true);
  });
});
