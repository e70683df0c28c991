import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseEvent } from '../../src';
import { administer } from '../support/administration';
import { agentInput, certificateInput } from '../support/factories';
import { durableSettings, shareOwnServer, whyNoOwnServer } from '../support/own-server';
import { Pgbouncer, whyNoPgbouncer } from '../support/pgbouncer';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { TcpProxy } from '../support/tcp-proxy';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { strikeWhileWriting } from './strikes';
import { faultRounds } from './work';

/**
 * Number of rounds, fewer than in other tests: a server takes a second to start, and more when it recovers from its
 * log.
 */
const rounds = Math.ceil(faultRounds / 2);
const maxReplicaLagMs = 500;

describeUnless(whyNoOwnServer, 'interruptions of the server', () => {
  const own = shareOwnServer(() => Promise.resolve(), durableSettings);
  let url: string;
  beforeEach(async () => (url = await own.createDatabase((db) => db.createCertificate(certificateInput({ id: 'c' })))));

  // PostgreSQL ends all processes of the server when one of them is killed; its main process starts them again.
  async function killBackend(): Promise<void> {
    const sql = `SELECT pid FROM pg_stat_activity
      WHERE application_name = 'ans-database' AND datname = current_database() LIMIT 1`;
    const [row] = await administer(url, sql);
    if (row !== undefined) process.kill(Number(row['pid']), 'SIGKILL');
    await sleep(300);
  }

  async function goAway(): Promise<void> {
    await own.server.stop('immediate');
    await sleep(1500);
    await own.server.start();
  }

  test.each<[string, () => Promise<void>]>([
    ['is stopped with -m fast and started', () => own.server.restart('fast')],
    ['is stopped with -m immediate and recovers from its log', () => own.server.restart('immediate')],
    ['loses a process that is killed and starts all of them again', killBackend],
    ['is stopped for more than a second', goAway],
  ])('eight concurrent callers lose no acknowledged write when the server %s', async (what, strike) => {
    await strikeWhileWriting({ db: await own.open({ url }), url, what, strike, rounds, pauseMs: 200 });
  });

  test('callers with a circuit breaker lose no acknowledged write while the server stops and starts', async () => {
    const states: string[] = [];
    const onEvent = (event: DatabaseEvent): void => {
      if (event.type === 'breaker') states.push(event.state);
    };
    const retry = { attempts: 2, baseDelayMs: 5, maxDelayMs: 5 };
    const db = await own.open({ url, retry, breaker: { failures: 2, resetMs: 200 }, onEvent });
    const strike = async (work: { goOn: () => Promise<void> }): Promise<void> => {
      states.length = 0;
      await own.server.stop('immediate');
      await waitUntil(() => states.includes('open'));
      await own.server.start();
      await work.goOn();
      expect(states.at(-1)).toBe('closed');
      expect((await db.health()).breaker).toBe('closed');
    };
    await strikeWhileWriting({ db, url, what: 'a server away, with a breaker', strike, rounds: Math.min(rounds, 10) });
  });

  test('eight concurrent callers lose no acknowledged write when connections are cut during commits', async () => {
    const proxy = await TcpProxy.start(own.server.port);
    const strike = async (_: unknown, round: number): Promise<void> => {
      proxy.cutAt(round % 4 < 2 ? 'COMMIT\0' : 'unit', round % 2 === 0 ? 'before' : 'after', 2);
      await sleep(30);
    };
    const db = await own.open({ url: proxy.url(url) });
    await strikeWhileWriting({ db, url, what: 'connections cut at the commit', strike, rounds: rounds * 4 });
  });

  describeUnless(whyNoPgbouncer(), 'through PgBouncer', () => {
    let pooler: Pgbouncer;
    let proxy: TcpProxy;
    const portOf = (one: Pgbouncer) => Number(new URL(one.url('any')).port);
    const order = (command: string) => administer(pooler.url('pgbouncer'), command);
    const name = () => new URL(url).pathname.slice(1);

    async function startPooler(): Promise<Pgbouncer> {
      const admin = own.server.superuser.name;
      pooler = await Pgbouncer.start(own.server, { default_pool_size: 4, server_login_retry: 1, admin_users: admin });
      return pooler;
    }

    async function replace(): Promise<void> {
      await pooler.remove();
      proxy.retarget(portOf(await startPooler()));
    }

    // PgBouncer 1.18 sometimes crashes after KILL, or does not answer: then a new one takes its place.
    async function dropAll(): Promise<void> {
      const noAnswer = sleep(5000).then(() => Promise.reject(new Error('PgBouncer does not answer')));
      const dropped = order(`KILL ${name()}`).then(() => order(`RESUME ${name()}`));
      await Promise.race([dropped, noAnswer]).catch(replace);
      noAnswer.catch(() => undefined);
      dropped.catch(() => undefined);
    }

    async function holdUp(): Promise<void> {
      await order(`PAUSE ${name()}`);
      await sleep(300);
      await order(`RESUME ${name()}`);
    }

    test.each<[string, () => Promise<unknown>]>([
      ['PgBouncer is killed and started', replace],
      ['PgBouncer drops all connections', dropAll],
      ['PgBouncer reconnects to the server', () => order(`RECONNECT ${name()}`)],
      ['PgBouncer pauses for 300 ms', holdUp],
      ['the server behind PgBouncer recovers from its log', () => own.server.restart('immediate')],
    ])('eight concurrent callers lose no acknowledged write when %s', async (what, strike) => {
      proxy = await TcpProxy.start(portOf(await startPooler()));
      afterTest(() => pooler.remove());
      const db = await own.open({ url: proxy.url(url), pool: { connectTimeoutMs: 3000 } });
      await strikeWhileWriting({ db, url, what, strike, rounds, pauseMs: 100 });
    });
  });

  describe('replica', () => {
    let standby: PostgresqlServer;
    let proxy: TcpProxy;
    beforeAll(async () => {
      standby = await own.server.createStandby();
      await standby.start();
    });
    afterAll(() => standby.remove());

    test.each<[string, () => unknown, () => unknown]>([
      ['cannot be reached over the network', () => proxy.silence(), () => proxy.restore()],
      ['is stopped', () => standby.stop('immediate'), () => standby.start()],
      [
        'lags far behind',
        () => administer(standby.url(), 'SELECT pg_wal_replay_pause()'),
        () => administer(standby.url(), 'SELECT pg_wal_replay_resume()'),
      ],
    ])('callers get no outdated record and no error except CONFLICT when the replica %s', async (what, begin, end) => {
      // The replica has the database a moment later.
      await sleep(1000);
      proxy = await TcpProxy.start(standby.port);
      const replicaUrls = [proxy.url(standby.url(new URL(url).pathname.slice(1)))];
      const pool = { connectTimeoutMs: 5000 };
      const db = await own.open({ url, replicaUrls, maxReplicaLagMs, pool });
      const isServing = async () => (await db.health()).replicas[0]?.isServing === true;
      await db.createAgent(agentInput({ id: 'probe', certificateId: 'c' }));
      /** Acknowledged revisions with their times. */
      const written: [revision: number, at: number][] = [[0, performance.now()]];
      let isOver = false;
      const writer = async (): Promise<void> => {
        for (let revision = 1; !isOver; revision += 1) {
          await db.agents.setMetadata('probe', { revision });
          written.push([revision, performance.now()]);
          await sleep(20);
        }
      };
      const reader = async (): Promise<void> => {
        await sleep(maxReplicaLagMs * 2);
        while (!isOver) {
          const start = performance.now();
          const found = await db.getAgent('probe');
          const known = written.filter(([, at]) => at < start - maxReplicaLagMs).at(-1)?.[0] ?? 0;
          expect(Number(found?.metadata['revision'] ?? 0)).toBeGreaterThanOrEqual(known);
          await sleep(5);
        }
      };
      const busy = Promise.all([writer(), reader()]);
      const strike = async (): Promise<void> => {
        await begin();
        await sleep(maxReplicaLagMs * 3);
        expect(await isServing()).toBe(false);
        await end();
        await waitUntil(isServing);
      };
      await strikeWhileWriting({
        db,
        url,
        what: `a replica that ${what}`,
        strike,
        rounds: Math.ceil(faultRounds / 5),
        expectFailures: (work) => work.expectPassing(['CONFLICT']),
      });
      isOver = true;
      await busy;
    });
  });
});
