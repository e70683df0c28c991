import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../src';
import { startOwnServer, whyNoOwnServer } from '../support/own-server';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { SmallDisk, whyNoSmallDisk } from '../support/small-disk';
import { openTestDatabase } from '../support/test-database';
import { strikes, Work } from './postgresql-work';

const rounds = Math.min(5, Math.ceil(strikes / 4));

describeUnless(whyNoOwnServer ?? whyNoSmallDisk(), 'A server whose disk is full in the middle of writes', () => {
  let server: PostgresqlServer;
  let disk: SmallDisk;
  let url: string;

  async function start(settings: Readonly<Record<string, string>>): Promise<void> {
    server = await startOwnServer({ settings: { fsync: 'on', full_page_writes: 'on', ...settings } });
  }
  async function migrate(): Promise<void> {
    url = server.url('work');
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
  }
  afterEach(async () => {
    await server.remove();
    disk.remove();
  });

  test('of tables and indexes: STORAGE_FULL, nothing by half, and the next call works when there is space', async () => {
    await start({});
    disk = new SmallDisk(64);
    await administer(server.url(), `CREATE TABLESPACE small LOCATION '${disk.path}'`);
    await administer(server.url(), 'CREATE DATABASE work TABLESPACE small');
    await migrate();
    const { db } = await openTestDatabase({ url });
    const work = await Work.start(db);
    for (let round = 0; round < rounds; round += 1) {
      await work.goOn();
      disk.fill();
      const before = work.errors.length;
      while (work.errors.length < before + 20) await sleep(10);
      // What there is can still be read.
      expect(await db.queryAgents({ limit: 1 })).toHaveLength(1);
      expect((await db.health()).status).toBe('up');
      disk.clear();
      await work.goOn();
    }
    await work.stop();
    // Transactions of eight callers may get into one another's way besides.
    const others = work.errors.filter(({ code, retryable }) => code !== 'CONFLICT' || !retryable);
    expect(new Set(others.map(({ code, retryable }) => `${code} ${retryable}`))).toEqual(
      new Set(['STORAGE_FULL false']),
    );
    await work.expectKept(url);
    work.report('a full disk of tables', rounds);
  });

  test('of the log, which ends the server: calls fail as passing, and it comes back with all that it had said', async () => {
    // The log is soon as long as the disk, where nothing of it is given back.
    await start({ wal_keep_size: '0', max_wal_size: '48MB', min_wal_size: '32MB' });
    const [row] = await administer(server.url(), 'SHOW data_directory');
    const log = `${String(row?.['data_directory'])}/pg_wal`;
    await server.stop();
    disk = new SmallDisk(128);
    execFileSync('sh', ['-c', `cp -Rp "$1"/. "$2"/ && rm -r "$1" && ln -s "$2" "$1"`, 'sh', log, disk.path]);
    await server.start();
    await administer(server.url(), 'CREATE DATABASE work');
    await migrate();
    const { db } = await openTestDatabase({ url });
    const work = await Work.start(db);
    await work.goOn();
    disk.fill();
    const before = work.errors.length;
    const noise = "SELECT pg_logical_emit_message(false, 'noise', repeat('x', 1000000))";
    while (work.errors.length < before + 20) {
      await administer(server.url(), noise).catch(() => undefined);
      await sleep(10);
    }
    disk.clear();
    await server.restart('immediate');
    await work.goOn();
    await work.stop();
    const kinds = new Set(work.errors.map(({ code }) => code));
    // Transactions of eight callers may get into one another's way besides.
    expect([...kinds].filter((code) => !['UNAVAILABLE', 'STORAGE_FULL', 'CONFLICT'].includes(code))).toEqual([]);
    await work.expectKept(url);
    work.report('a full disk of the log', 1);
  });

  test('during a migration: it leaves nothing, and is applied when there is space', async () => {
    await start({});
    disk = new SmallDisk(64);
    await administer(server.url(), `CREATE TABLESPACE small LOCATION '${disk.path}'`);
    await administer(server.url(), 'CREATE DATABASE work TABLESPACE small');
    disk.fill();
    const error = await expectError('STORAGE_FULL', migrate);
    expect(error.operation).toBe('initialize');
    disk.clear();
    await migrate();
    const { db } = await openTestDatabase({ url });
    await db.createCertificate(certificateInput());
    expect((await db.check()).findings).toEqual([]);
  });
});
