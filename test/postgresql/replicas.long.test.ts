import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService, ReadOptions } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, eventInput } from '../support/factories';
import { inspected } from '../support/inspected';
import { whyNoOwnServer } from '../support/own-server';
import type { PostgresqlServer } from '../support/postgresql-server';
import { findFreePort } from '../support/server-process';
import { describeUnless } from '../support/skip';
import { TcpProxy } from '../support/tcp-proxy';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { comesFromReplica, maxReplicaLagMs, replicaServesAgain, shareReplication } from './replication';

const reads: readonly ((db: DatabaseService, options?: ReadOptions) => Promise<unknown>)[] = [
  (db, options) => db.getAgent('a', options),
  (db, options) => db.queryAgents({ owner: 'test-owner' }, options),
  (db, options) => db.getCertificate('c', options),
  (db, options) => db.getCertificateByFingerprint('AB:CD', options),
  (db, options) => db.querySecurityEvents({}, options),
  (db, options) => db.agents.get('a', options),
  (db, options) => db.agents.query({}, options),
  (db, options) => db.certificates.get('c', options),
  (db, options) => db.certificates.getByFingerprint('AB:CD', options),
  (db, options) => db.events.query({}, options),
];

/** Maximum time in milliseconds of a read while a replica does not answer. */
const slowestReadMs = 300;

describeUnless(whyNoOwnServer, 'a service with read replicas', () => {
  const replication = shareReplication();

  /** Calls `work` and returns the number of scans of the package's tables on each server that runs. */
  async function scansBy(db: DatabaseService, work: () => Promise<unknown>): Promise<number[]> {
    const servers = replication.running;
    const before = await Promise.all(servers.map(scans));
    await work();
    // A server counts the scans of a connection once a second, or when the connection ends.
    await db.close();
    let counts: number[] = [];
    await waitUntil(async () => {
      counts = (await Promise.all(servers.map(scans))).map((count, index) => count - (before[index] ?? 0));
      return counts.some((count) => count > 0);
    });
    await db.initialize();
    return counts;
  }

  // Neither the checks of the replicas nor those of the migrations scan these tables.
  async function scans(server: PostgresqlServer): Promise<number> {
    const sql = `SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::integer AS n FROM pg_stat_user_tables
      WHERE relname IN ('agents', 'certificates', 'security_events')`;
    const [row] = await administer(server.url('work'), sql);
    return Number(row?.['n']);
  }

  /** Reads for some time; each read must succeed. Returns the longest and the median time. */
  async function readFor(db: DatabaseService, durationMs: number): Promise<{ slowestMs: number; medianMs: number }> {
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

  /** Asserts that no read comes from a replica that lacks the agent. */
  async function expectPrimaryOnly(db: DatabaseService, id: string): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      expect(await comesFromReplica(db, id)).toBe(false);
      await sleep(20);
    }
  }

  test.each<[string, DatabaseOptions, ReadOptions | undefined, boolean]>([
    ['a replica', {}, undefined, true],
    ["the primary with { consistency: 'primary' }", {}, { consistency: 'primary' }, false],
    ['the primary when maxReplicaLagMs is 0', { maxReplicaLagMs: 0 }, undefined, false],
  ])('a service with read replicas sends every read to %s', async (_, options, readOptions, isReplica) => {
    const { db } = await replication.open(options);
    const scanned = await scansBy(db, async () => {
      for (const read of reads) await read(db, readOptions);
      // A read after a pause goes to the same server.
      await sleep(maxReplicaLagMs + 100);
      await reads[0]?.(db, readOptions);
    });
    expect(scanned.slice(0, 2).map((count) => count > 0)).toEqual([!isReplica, isReplica]);
  });

  test('a service with two read replicas distributes reads between them', async () => {
    const { db } = await replication.open({ replicaUrls: [replication.replicaUrl(0), replication.replicaUrl(1)] });
    const [byPrimary, first, second] = await scansBy(db, async () => {
      for (let round = 0; round < 20; round += 1) await db.getAgent('a');
    });
    expect(byPrimary).toBe(0);
    expect(first).toBeGreaterThan(5);
    expect(second).toBeGreaterThan(5);
  });

  test('a service reads the change feed from the primary while a replica lags', async () => {
    const { db } = await replication.open({ maxReplicaLagMs: 60_000 });
    await replication.whilePaused(async () => {
      const id = await replication.write(db);
      expect(await comesFromReplica(db, id)).toBe(true);
      const changes = await db.changes({ limit: 10_000 });
      expect(changes.at(-1)?.id).toBe(id);
      const last = changes.at(-1)?.sequence ?? 0;
      expect(await db.changes({ after: last })).toEqual([]);
      expect(await db.followChanges({ after: last, pollMs: 0 }).next()).toEqual({ done: true, value: undefined });
      await expectError('OUT_OF_RANGE', () => db.changes({ after: last + 1 }));
    });
  });

  test('a service sends transactions and writes to the primary while a replica lags', async () => {
    const { db } = await replication.open({ maxReplicaLagMs: 60_000 });
    await replication.whilePaused(async () => {
      const id = await replication.write(db);
      expect(await comesFromReplica(db, id)).toBe(true);
      expect(await db.getAgent(id, { consistency: 'primary' })).not.toBeNull();
      await db.transaction(async (tx) => expect(await tx.getAgent(id)).not.toBeNull());
      expect(await db.updateAgent({ id, name: 'changed' })).toBe(true);
      expect(await db.updateCertificateStatus('c', 'SUSPENDED')).toBe(true);
      expect(await db.updateCertificateStatus('c', 'VALID')).toBe(true);
      await expectError('ALREADY_EXISTS', () => db.createAgent(agentInput({ id, certificateId: 'c' })));
      expect(await db.recordSecurityEvent(eventInput())).toBeDefined();
      expect(await db.deleteAgent(id)).toBe(true);
    });
  });

  test('a service excludes a replica that lags by more than maxReplicaLagMs until it has caught up', async () => {
    const opened = await replication.open();
    const { db, log } = opened;
    await replication.whilePaused(async () => {
      await db.getAgent('a');
      const late = await replication.write(db);
      expect(await comesFromReplica(db, late)).toBe(true);
      await sleep(maxReplicaLagMs);
      await expectPrimaryOnly(db, late);
    });
    expect(JSON.stringify(log)).toContain('lags');
    await replicaServesAgain(opened);
    await replication.whilePaused(async () => {
      await db.getAgent('a');
      expect(await comesFromReplica(db, await replication.write(db))).toBe(true);
    });
  });

  test('a service excludes a replica that is disconnected from its primary after maxReplicaLagMs', async () => {
    const { db } = await replication.open();
    const url = replication.standby().url();
    await administer(url, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=9'");
    await administer(url, 'SELECT pg_reload_conf()');
    await waitUntil(async () => (await administer(url, 'SELECT 1 FROM pg_stat_wal_receiver')).length === 0);
    try {
      const id = await replication.write(db);
      await sleep(maxReplicaLagMs);
      await expectPrimaryOnly(db, id);
    } finally {
      await administer(url, 'ALTER SYSTEM RESET primary_conninfo');
      await administer(url, 'SELECT pg_reload_conf()');
      await replication.caughtUp();
    }
  });

  test('a service keeps using a replica when the primary is idle or when a query fails', async () => {
    const { db, log } = await replication.open();
    for (let round = 0; round < 6; round += 1) {
      await sleep(maxReplicaLagMs / 2);
      await db.getAgent('a');
    }
    // The server fails each query of agents with an error of class 22, which is not a fault of the replica.
    const view = 'CREATE VIEW agents AS SELECT * FROM kept WHERE 1 / (length(id) - length(id)) = 1';
    await administer(replication.url, `ALTER TABLE agents RENAME TO kept; ${view}`);
    await replication.caughtUp();
    await expectError('INVALID_INPUT', () => db.queryAgents({ owner: 'test-owner' }));
    await administer(replication.url, 'DROP VIEW agents; ALTER TABLE kept RENAME TO agents');
    await replication.caughtUp();
    expect(JSON.stringify(log)).not.toContain('lags');
  });

  test('initialize succeeds when replicas are unreachable or refuse the password, and their URLs are not logged', async () => {
    const wrong = Object.assign(new URL(replication.replicaUrl()), { password: 'wR0ng-secret' });
    const missing = 'postgresql://ans:n0where-secret@127.0.0.1:9/work';
    const { db, log } = await replication.open({ replicaUrls: [wrong.href, missing] });
    expect(await db.getAgent('a')).not.toBeNull();
    expect(inspected(log)).not.toMatch(/secret|127\.0\.0\.1/);
  });

  test('a service serves all reads while connections to its replica are terminated', async () => {
    const { db } = await replication.open();
    const reading = readFor(db, 500);
    const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ans-database'`;
    for (let round = 0; round < 10; round += 1) {
      await administer(replication.standby().url(), terminate);
      await sleep(30);
    }
    await reading;
  });

  test('a service serves reads quickly and can be closed while its replica does not answer', async () => {
    const { db, log, proxy } = await replication.openWithReplicaBehindProxy();
    await readFor(db, 100);
    proxy.silence();
    const { slowestMs, medianMs } = await readFor(db, 2500);
    expect(slowestMs).toBeLessThan(slowestReadMs + 200);
    expect(medianMs).toBeLessThan(50);
    expect(JSON.stringify(log)).toContain('lags');
    proxy.restore();
    await replicaServesAgain({ db, log });
    proxy.silence();
    const start = performance.now();
    await db.close();
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test('a service initializes and serves reads quickly when its replica never answers', async () => {
    const proxy = await TcpProxy.start(replication.standby().port);
    proxy.silence();
    const start = performance.now();
    const { db } = await replication.open({ replicaUrls: [proxy.url(replication.replicaUrl())] });
    expect(performance.now() - start).toBeLessThan(3000);
    const { slowestMs, medianMs } = await readFor(db, 1000);
    expect(slowestMs).toBeLessThan(slowestReadMs);
    expect(medianMs).toBeLessThan(50);
  });

  test('a service uses the second replica while the first one does not answer', async () => {
    const { db, proxy } = await replication.openWithReplicaBehindProxy([replication.replicaUrl(1)]);
    proxy.silence();
    await readFor(db, 1500);
    await replication.whilePaused(async () => {
      // The paused replica is current until the next write.
      await db.getAgent('a');
      const id = await replication.write(db);
      expect(await comesFromReplica(db, id)).toBe(true);
    }, 1);
  });

  test('a service serves reads from its replica while the primary is down, but other calls fail with UNAVAILABLE', async () => {
    const { db, log, proxy } = await replication.openBehindProxy({
      maxReplicaLagMs: 60_000,
      retry: false,
      breaker: { failures: 2, resetMs: 60_000 },
    });
    expect(await db.health()).toMatchObject({ status: 'up', replicas: [{ isServing: true }] });
    await readFor(db, 100);
    proxy.retarget(await findFreePort());
    proxy.cutAll();
    for (let round = 0; round < 3; round += 1) {
      await expectError('UNAVAILABLE', () => db.getAgent('a', { consistency: 'primary' }));
    }
    expect(inspected(log)).toContain('circuit breaker opened');
    await readFor(db, 1500);
    const health = await db.health();
    expect(health).toMatchObject({ status: 'down', breaker: 'open', replicas: [{ isServing: true }] });
    expect(health.replicas[0]?.lagMs).toBeGreaterThan(1000);
  });

  test('reads fail with UNAVAILABLE when the primary is down for longer than maxReplicaLagMs', async () => {
    const { db } = await replication.open({ pool: { connectTimeoutMs: 500 } });
    await db.getAgent('a');
    await replication.primary.stop('fast');
    afterTest(() => replication.primary.start());
    await sleep(maxReplicaLagMs + 100);
    const error = await expectError('UNAVAILABLE', () => db.getAgent('a'));
    expect(error.retryable).toBe(true);
  });
});
