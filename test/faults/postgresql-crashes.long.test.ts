import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type DatabaseEvent } from '../../src';
import { startOwnServer, whyNoOwnServer } from '../support/own-server';
import { TcpProxy } from '../support/tcp-proxy';
import { administer } from '../support/administration';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { openTestDatabase } from '../support/test-database';
import { strikes, Work } from './postgresql-work';

/** A server takes a second to come back, and more where it recovers from its log. */
const rounds = Math.ceil(strikes / 2);

describeUnless(whyNoOwnServer, 'A server that ends again and again while eight callers write', () => {
  let server: PostgresqlServer;
  let url: string;

  beforeAll(async () => {
    // What is acknowledged is on the disk.
    const settings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', checkpoint_timeout: '30s' };
    server = await startOwnServer({ settings });
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    const name = `work_${Math.random().toString(36).slice(2)}`;
    await administer(server.url(), `CREATE DATABASE ${name}`);
    url = server.url(name);
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
  });

  test.each<[string, () => Promise<void>]>([
    ['stopped with -m fast and started', () => server.restart('fast')],
    ['stopped with -m immediate and recovers from its log', () => server.restart('immediate')],
    ['left by a process that is killed, whereupon it starts all of them anew', () => killBackend()],
    ['away for a while', () => goAway()],
  ])('%s: nothing acknowledged is lost, nothing is there twice or by half', async (how, end) => {
    const { db } = await openTestDatabase({ url, pool: { connectTimeoutMs: 2000 } });
    const work = await Work.start(db);
    await work.goOn();
    for (let round = 0; round < rounds; round += 1) {
      await sleep(Math.random() * 200);
      await end();
      // The same service goes on.
      await work.goOn();
    }
    await work.stop();
    work.expectPassing(['UNAVAILABLE', 'CONFLICT']);
    await work.expectKept(url);
    work.report(how, rounds);
  });

  test('the breaker opens while the server is away, and closes by itself when it is back', async () => {
    const states: string[] = [];
    const onEvent = (event: DatabaseEvent): void => {
      if (event.type === 'breaker') states.push(event.state);
    };
    const retry = { attempts: 2, baseDelayMs: 5, maxDelayMs: 5 };
    const { db } = await openTestDatabase({ url, retry, breaker: { failures: 2, resetMs: 200 }, onEvent });
    const work = await Work.start(db);
    for (let round = 0; round < Math.min(rounds, 10); round += 1) {
      await work.goOn();
      states.length = 0;
      await server.stop('immediate');
      while (!states.includes('open')) await sleep(10);
      await server.start();
      await work.goOn();
      expect(states.at(-1)).toBe('closed');
      expect((await db.health()).breaker).toBe('closed');
    }
    await work.stop();
    work.expectPassing(['UNAVAILABLE', 'CONFLICT']);
    await work.expectKept(url);
    work.report('with a breaker', Math.min(rounds, 10));
  });

  test('cut off at their commits: what is in doubt is there whole or not at all', async () => {
    const proxy = await TcpProxy.start(server.port);
    const { db } = await openTestDatabase({ url: proxy.url(url) });
    const work = await Work.start(db);
    for (let round = 0; round < rounds * 4; round += 1) {
      await work.goOn(4);
      proxy.cutAt(round % 4 < 2 ? 'COMMIT\0' : 'unit', round % 2 === 0 ? 'before' : 'after', 2);
      await sleep(30);
    }
    await work.goOn();
    await work.stop();
    work.expectPassing(['UNAVAILABLE', 'CONFLICT']);
    // A statement that was sent before the cut may take its time.
    await sleep(500);
    await work.expectKept(url);
    work.report('cut off at the commit', rounds * 4);
  });

  async function goAway(): Promise<void> {
    await server.stop('immediate');
    await sleep(1500);
    await server.start();
  }

  // All processes of a server end with one that dies a sudden death; the first starts them anew.
  async function killBackend(): Promise<void> {
    const [row] = await administer(
      url,
      `SELECT pid FROM pg_stat_activity
      WHERE application_name = 'ans-database' AND datname = current_database() LIMIT 1`,
    );
    if (row !== undefined) process.kill(Number(row['pid']), 'SIGKILL');
    await sleep(300);
  }
});
