import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type DatabaseOptions, type ReadOptions } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import type { PostgresqlServer } from '../support/postgresql-server';
import { findFreePort } from '../support/server-process';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { startOwnServer, whyNoOwnServer } from './own-server';
import { TcpProxy } from './tcp-proxy';
import { tell } from './told';

const maxReplicaLagMs = 600;

/** What a read may be slowed by that has to do without its replica. */
const slowestMs = 300;

const reads: readonly (readonly [
  name: string,
  read: (db: DatabaseService, options?: ReadOptions) => Promise<unknown>,
])[] = [
  ['getAgent', (db, options) => db.getAgent('a', options)],
  ['queryAgents', (db, options) => db.queryAgents({ owner: 'test-owner' }, options)],
  ['getCertificate', (db, options) => db.getCertificate('c', options)],
  ['getCertificateByFingerprint', (db, options) => db.getCertificateByFingerprint('AB:CD', options)],
  ['querySecurityEvents', (db, options) => db.querySecurityEvents({}, options)],
  ['agents.get', (db, options) => db.agents.get('a', options)],
  ['agents.query', (db, options) => db.agents.query({}, options)],
  ['certificates.get', (db, options) => db.certificates.get('c', options)],
  ['certificates.getByFingerprint', (db, options) => db.certificates.getByFingerprint('AB:CD', options)],
  ['events.query', (db, options) => db.events.query({}, options)],
];

describeUnless(whyNoOwnServer, 'With read replicas', () => {
  let primary: PostgresqlServer;
  let standbys: PostgresqlServer[];
  let url: string;

  beforeAll(async () => {
    primary = await startOwnServer();
    standbys = [await primary.createStandby(), await primary.createStandby()];
    await Promise.all(standbys.map((standby) => standby.start()));
    await administer(primary.url(), 'CREATE DATABASE work');
    url = primary.url('work');
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'c', fingerprint: 'AB:CD' }));
    await db.createAgent(agentInput({ id: 'a', certificateId: 'c' }));
    await caughtUp();
  });
  afterAll(async () => {
    for (const server of [...standbys, primary]) await server.remove();
  });

  function standby(index = 0): PostgresqlServer {
    const found = standbys[index];
    if (found === undefined) throw new Error('There is no such standby');
    return found;
  }

  function replicaUrl(index = 0): string {
    return standby(index).url('work');
  }

  async function caughtUp(): Promise<void> {
    const [row] = await administer(url, 'SELECT pg_current_wal_lsn() AS position');
    for (const { url: urlOf } of standbys.map((server) => ({ url: server.url('postgres') }))) {
      await waitUntil(async () => {
        const sql = `SELECT pg_last_wal_replay_lsn() >= '${String(row?.['position'])}' AS is_there`;
        return (await administer(urlOf, sql))[0]?.['is_there'] === true;
      });
    }
  }

  interface Opened {
    readonly db: DatabaseService;
    readonly told: unknown[];
  }

  async function open(options: DatabaseOptions = {}): Promise<Opened> {
    const told: unknown[] = [];
    const hear = (...args: unknown[]): void => void told.push(args);
    const logger = { debug: hear, info: hear, warn: hear, error: hear };
    const db = new DatabaseService({
      url,
      replicaUrls: [replicaUrl()],
      maxReplicaLagMs,
      pool: { connectTimeoutMs: 2000 },
      logger,
      ...options,
    });
    afterTest(() => db.close());
    await db.initialize();
    return { db, told };
  }

  /** How many of some reads each server answers, told by the statements that its connections of the package ran last. */
  async function servedBy(db: DatabaseService, read: () => Promise<unknown>, times = 1): Promise<number[]> {
    const servers = [primary, ...standbys].filter(({ isRunning }) => isRunning);
    const before = await Promise.all(servers.map((server) => fetches(server)));
    for (let round = 0; round < times; round += 1) await read();
    // A server tells of its statements at most once a second, or when the connection that ran them ends.
    await db.close();
    let after: number[] = [];
    await waitUntil(async () => {
      after = await Promise.all(servers.map((server) => fetches(server)));
      return after.some((count, index) => count > (before[index] ?? 0));
    });
    await db.initialize();
    return after.map((count, index) => count - (before[index] ?? 0));
  }

  // Reads of the package's tables: neither the checks of the replicas nor those of the migrations.
  async function fetches(server: PostgresqlServer): Promise<number> {
    const sql = `SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::integer AS n FROM pg_stat_user_tables
      WHERE relname IN ('agents', 'certificates', 'security_events')`;
    const [row] = await administer(server.url('work'), sql);
    return Number(row?.['n']);
  }

  /** Whether reads come from the replica while it is held up, which then lacks what was written. */
  async function comesFromReplica(db: DatabaseService, id: string): Promise<boolean> {
    return (await db.getAgent(id)) === null;
  }

  async function whilePaused<T>(work: () => Promise<T>, index = 0): Promise<T> {
    const server = standby(index).url();
    await administer(server, 'SELECT pg_wal_replay_pause()');
    try {
      const state = 'SELECT pg_get_wal_replay_pause_state() AS state';
      await waitUntil(async () => (await administer(server, state))[0]?.['state'] === 'paused');
      return await work();
    } finally {
      await administer(server, 'SELECT pg_wal_replay_resume()');
      await caughtUp();
    }
  }

  let made = 0;
  async function write(db: DatabaseService): Promise<string> {
    made += 1;
    return db.createAgent(agentInput({ id: `w${made}`, certificateId: 'c', owner: 'writer' }));
  }

  test.each(reads)('%s is answered by a replica', async (_name, read) => {
    const { db } = await open();
    const [byPrimary, byReplica] = await servedBy(db, () => read(db), 3);
    expect([byPrimary, Number(byReplica) > 0]).toEqual([0, true]);
  });

  test.each(reads)("%s with { consistency: 'primary' } is answered by the primary", async (_name, read) => {
    const { db } = await open();
    const [byPrimary, byReplica] = await servedBy(db, () => read(db, { consistency: 'primary' }), 3);
    expect([Number(byPrimary) > 0, byReplica]).toEqual([true, 0]);
  });

  test('a transaction and a write see the primary, whatever a replica lacks', async () => {
    const { db } = await open({ maxReplicaLagMs: 60_000 });
    await whilePaused(async () => {
      const id = await write(db);
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

  test('a replica that lags is left out after maxReplicaLagMs, and back when it has caught up', async () => {
    const { db, told } = await open();
    const id = await whilePaused(async () => {
      await db.getAgent('a');
      const late = await write(db);
      expect(await comesFromReplica(db, late)).toBe(true);
      await sleep(maxReplicaLagMs);
      for (let round = 0; round < 20; round += 1) {
        expect(await comesFromReplica(db, late)).toBe(false);
        await sleep(20);
      }
      return late;
    });
    expect(JSON.stringify(told)).toContain('lags');
    await waitUntil(async () => {
      await db.getAgent(id);
      return JSON.stringify(told.at(-1)).includes('serves');
    });
    await whilePaused(async () => {
      await db.getAgent('a');
      expect(await comesFromReplica(db, await write(db))).toBe(true);
    });
  });

  test('an idle primary makes nobody lag', async () => {
    const { db, told } = await open();
    for (let round = 0; round < 6; round += 1) {
      await sleep(maxReplicaLagMs / 2);
      await db.getAgent('a');
    }
    expect(JSON.stringify(told)).not.toContain('lags');
  });

  test('reads that are far apart are answered by the replica, too', async () => {
    const { db } = await open();
    await sleep(maxReplicaLagMs + 100);
    const [byPrimary, byReplica] = await servedBy(db, () => db.getAgent('a'));
    expect([byPrimary, Number(byReplica) > 0]).toEqual([0, true]);
  });

  test('two replicas take turns', async () => {
    const { db } = await open({ replicaUrls: [replicaUrl(0), replicaUrl(1)] });
    const [byPrimary, first, second] = await servedBy(db, () => db.getAgent('a'), 20);
    expect(byPrimary).toBe(0);
    expect([Number(first) > 5, Number(second) > 5]).toEqual([true, true]);
  });

  test('maxReplicaLagMs: 0 leaves every replica out', async () => {
    const { db } = await open({ maxReplicaLagMs: 0 });
    const [byPrimary, byReplica] = await servedBy(db, () => db.getAgent('a'), 3);
    expect([Number(byPrimary) > 0, byReplica]).toEqual([true, 0]);
  });

  test('a replica whose password is wrong, or which is nowhere, keeps nothing from starting; neither is its URL told', async () => {
    const wrong = new URL(replicaUrl());
    wrong.password = 'wR0ng-secret';
    const nowhere = 'postgresql://ans:n0where-secret@127.0.0.1:9/work';
    const { db, told } = await open({ replicaUrls: [wrong.href, nowhere] });
    expect(await db.getAgent('a')).not.toBeNull();
    expect(tell(told)).not.toMatch(/secret|127\.0\.0\.1/);
  });

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
        const { db, told } = await open();
        const reading = readOn(db, 1200);
        await sleep(200);
        await standby().stop(mode);
        expect((await reading).slowestMs).toBeLessThan(slowestMs);
        await standby().start();
        await waitUntil(async () => {
          await db.getAgent('a');
          return JSON.stringify(told.at(-1)).includes('serves');
        });
      },
    );

    test('its connections terminated: no call fails', async () => {
      const { db } = await open();
      const reading = readOn(db, 500);
      const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ans-database'`;
      for (let round = 0; round < 10; round += 1) {
        await administer(standby().url(), terminate);
        await sleep(30);
      }
      await reading;
    });

    test('cut off from its primary while it goes on answering: the primary answers after maxReplicaLagMs', async () => {
      const { db } = await open();
      await administer(standby().url(), "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=9'");
      await administer(standby().url(), 'SELECT pg_reload_conf()');
      await waitUntil(
        async () => (await administer(standby().url(), 'SELECT 1 FROM pg_stat_wal_receiver')).length === 0,
      );
      try {
        const id = await write(db);
        await sleep(maxReplicaLagMs);
        for (let round = 0; round < 20; round += 1) {
          expect(await comesFromReplica(db, id)).toBe(false);
          await sleep(10);
        }
      } finally {
        await administer(standby().url(), 'ALTER SYSTEM RESET primary_conninfo');
        await administer(standby().url(), 'SELECT pg_reload_conf()');
        await caughtUp();
      }
    });

    test('silent, as behind a network that lets nothing pass: no read hangs or fails, few are slow, close ends', async () => {
      const proxy = await TcpProxy.start(standby().port);
      afterTest(() => proxy.close());
      const { db, told } = await open({ replicaUrls: [proxy.url(replicaUrl())] });
      await readOn(db, 100);
      proxy.silence();
      const { slowestMs: slowest, medianMs } = await readOn(db, 2500);
      expect(slowest).toBeLessThan(slowestMs + 200);
      expect(medianMs).toBeLessThan(50);
      expect(JSON.stringify(told)).toContain('lags');
      proxy.restore();
      await waitUntil(async () => {
        await db.getAgent('a');
        return JSON.stringify(told.at(-1)).includes('serves');
      });
      proxy.silence();
      const start = performance.now();
      await db.close();
      expect(performance.now() - start).toBeLessThan(3000);
    });

    test('silent from the start: initialize succeeds soon, and reads are not slowed one and all', async () => {
      const proxy = await TcpProxy.start(standby().port);
      afterTest(() => proxy.close());
      proxy.silence();
      const start = performance.now();
      const { db } = await open({ replicaUrls: [proxy.url(replicaUrl())] });
      expect(performance.now() - start).toBeLessThan(3000);
      const { slowestMs: slowest, medianMs } = await readOn(db, 1000);
      expect(slowest).toBeLessThan(slowestMs);
      expect(medianMs).toBeLessThan(50);
    });

    test('one of two silent: the other goes on', async () => {
      const proxy = await TcpProxy.start(standby().port);
      afterTest(() => proxy.close());
      const { db } = await open({ replicaUrls: [proxy.url(replicaUrl()), replicaUrl(1)] });
      proxy.silence();
      await readOn(db, 1500);
      await whilePaused(async () => {
        // It is current still, as it holds all that there is.
        await db.getAgent('a');
        const id = await write(db);
        expect(await comesFromReplica(db, id)).toBe(true);
      }, 1);
    });

    test('a primary that is down does not keep a replica from answering, while calls that need it fail at once', async () => {
      const proxy = await TcpProxy.start(primary.port);
      afterTest(() => proxy.close());
      const { db, told } = await open({
        url: proxy.url(url),
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
      expect(tell(told)).toContain('calls fail at once');
      await readOn(db, 1500);
      const health = await db.health();
      expect(health).toMatchObject({ status: 'down', breaker: 'open', replicas: [{ isServing: true }] });
      expect(health.replicas[0]?.lagMs).toBeGreaterThan(1000);
    });

    test('a query that no server can answer is the caller’s: the replica goes on', async () => {
      const { db, told } = await open();
      // Later than any time that a server knows.
      await db.queryAgents({ expiresBefore: new Date(8.64e15) }).catch(() => undefined);
      await db.queryAgents({ limit: 1, offset: Number.MAX_SAFE_INTEGER }).catch(() => undefined);
      expect(JSON.stringify(told)).not.toContain('lags');
    });
  });

  test('a primary that is gone leaves nobody to say how current a replica is: reads fail after maxReplicaLagMs at most', async () => {
    const { db } = await open({ pool: { connectTimeoutMs: 500 } });
    await db.getAgent('a');
    await primary.stop('fast');
    afterTest(async () => {
      await primary.start();
    });
    await sleep(maxReplicaLagMs + 100);
    const error = await expectError('UNAVAILABLE', () => db.getAgent('a'));
    expect(error.retryable).toBe(true);
  });

  async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 15_000;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error('It did not come about');
      await sleep(20);
    }
  }
});
