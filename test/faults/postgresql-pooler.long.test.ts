import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../src';
import { startOwnServer, whyNoOwnServer } from '../support/own-server';
import { TcpProxy } from '../support/tcp-proxy';
import { administer } from '../support/administration';
import { Pgbouncer, whyNoPgbouncer } from '../support/pgbouncer';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';
import { strikes, Work } from './postgresql-work';

const rounds = Math.ceil(strikes / 2);

describeUnless(whyNoOwnServer ?? whyNoPgbouncer(), 'PgBouncer that is struck while eight callers write', () => {
  let server: PostgresqlServer;
  let pooler: Pgbouncer;
  let proxy: TcpProxy;
  let direct: string;

  beforeAll(async () => {
    server = await startOwnServer({ settings: { fsync: 'on', full_page_writes: 'on' } });
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    const name = `work_${Math.random().toString(36).slice(2)}`;
    await administer(server.url(), `CREATE DATABASE ${name}`);
    direct = server.url(name);
    await using db = new DatabaseService({ url: direct, migrations: 'apply' });
    await db.initialize();
    pooler = await startPooler();
    afterTest(() => pooler.remove());
    proxy = await TcpProxy.start(portOf(pooler));
  });

  const startPooler = () =>
    Pgbouncer.start(server, { default_pool_size: 4, server_login_retry: 1, admin_users: server.superuser.name });
  const portOf = (one: Pgbouncer) => Number(new URL(one.url('any')).port);
  const name = () => new URL(direct).pathname.slice(1);
  const order = (command: string) => administer(pooler.url('pgbouncer'), command);

  test.each<[string, () => Promise<unknown>]>([
    ['killed and started', () => replace()],
    ['told to drop all connections', () => order(`KILL ${name()}`).then(() => order(`RESUME ${name()}`))],
    ['told to connect anew to the server', () => order(`RECONNECT ${name()}`)],
    ['held up for a while', () => holdUp()],
    ['left by its server, which recovers from its log', () => server.restart('immediate')],
  ])('%s: nothing acknowledged is lost, nothing is there twice or by half', async (how, strike) => {
    const { db } = await openTestDatabase({ url: proxy.url(direct), pool: { connectTimeoutMs: 3000 } });
    const work = await Work.start(db);
    await work.goOn();
    for (let round = 0; round < rounds; round += 1) {
      await sleep(Math.random() * 100);
      await strike();
      await work.goOn();
    }
    await work.stop();
    work.expectPassing(['UNAVAILABLE', 'CONFLICT']);
    // What a pooler had sent before it was killed may take its time.
    await sleep(500);
    await work.expectKept(direct);
    work.report(`PgBouncer ${how}`, rounds);
  });

  async function replace(): Promise<void> {
    await pooler.remove();
    pooler = await startPooler();
    proxy.retarget(portOf(pooler));
  }

  async function holdUp(): Promise<void> {
    await order(`PAUSE ${name()}`);
    await sleep(300);
    await order(`RESUME ${name()}`);
  }
});
