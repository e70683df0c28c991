import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../src';
import { startOwnServer, whyNoOwnServer } from '../support/own-server';
import { TcpProxy } from '../support/tcp-proxy';
import { administer } from '../support/administration';
import { agentInput, certificateInput } from '../support/factories';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { openTestDatabase } from '../support/test-database';
import { strikes, Work } from './postgresql-work';

const rounds = Math.ceil(strikes / 5);
const maxReplicaLagMs = 500;

describeUnless(whyNoOwnServer, 'A replica that is struck while eight callers write and one reads', () => {
  let primary: PostgresqlServer;
  let standby: PostgresqlServer;
  let proxy: TcpProxy;
  let name: string;
  let url: string;

  beforeAll(async () => {
    primary = await startOwnServer({ settings: { fsync: 'on', full_page_writes: 'on' } });
    standby = await primary.createStandby();
    await standby.start();
  });
  afterAll(async () => {
    await standby.remove();
    await primary.remove();
  });
  beforeEach(async () => {
    name = `work_${Math.random().toString(36).slice(2)}`;
    await administer(primary.url(), `CREATE DATABASE ${name}`);
    url = primary.url(name);
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'c' }));
    // The replica has it a moment later.
    await sleep(1000);
    proxy = await TcpProxy.start(standby.port);
  });

  test.each<[string, () => unknown, () => unknown]>([
    ['behind a silent network', () => proxy.silence(), () => proxy.restore()],
    ['stopped', () => standby.stop('immediate'), () => standby.start()],
    [
      'far behind',
      () => administer(standby.url(), 'SELECT pg_wal_replay_pause()'),
      () => administer(standby.url(), 'SELECT pg_wal_replay_resume()'),
    ],
  ])('%s: no read fails or is too old, and it serves again afterwards', async (how, strike, mend) => {
    const replicaUrls = [proxy.url(standby.url(name))];
    const pool = { connectTimeoutMs: 500, statementTimeoutMs: 1000 };
    const { db } = await openTestDatabase({ url, replicaUrls, maxReplicaLagMs, pool });
    const isServing = async () => (await db.health()).replicas[0]?.isServing === true;
    const work = await Work.start(db);
    const probe = `probe ${how}`;
    await db.createAgent(agentInput({ id: probe, certificateId: 'c' }));
    /** Revisions that were acknowledged, and when. */
    const written: [revision: number, at: number][] = [[0, performance.now()]];
    let isOver = false;
    let reads = 0;
    const writer = async (): Promise<void> => {
      for (let revision = 1; !isOver; revision += 1) {
        await db.agents.setMetadata(probe, { revision });
        written.push([revision, performance.now()]);
        await sleep(20);
      }
    };
    const reader = async (): Promise<void> => {
      await sleep(maxReplicaLagMs * 2);
      while (!isOver) {
        const start = performance.now();
        const found = await db.getAgent(probe);
        const known = written.filter(([, at]) => at < start - maxReplicaLagMs).at(-1)?.[0] ?? 0;
        expect(Number(found?.metadata['revision'] ?? 0)).toBeGreaterThanOrEqual(known);
        reads += 1;
        await sleep(5);
      }
    };
    const busy = Promise.all([writer(), reader()]);
    for (let round = 0; round < rounds; round += 1) {
      await work.goOn();
      await strike();
      await sleep(maxReplicaLagMs * 3);
      expect(await isServing()).toBe(false);
      await mend();
      const end = performance.now() + 20_000;
      while (!(await isServing())) {
        await sleep(20);
        if (performance.now() > end) throw new Error('The replica does not serve again');
      }
    }
    isOver = true;
    await busy;
    await work.stop();
    work.expectPassing(['CONFLICT']);
    await work.expectKept(url);
    work.report(`a replica ${how}, ${reads} reads`, rounds);
  });
});
