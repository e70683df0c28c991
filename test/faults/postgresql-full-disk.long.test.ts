import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import { durableSettings, migrateDatabase, startOwnServer, whyNoOwnServer } from '../support/own-server';
import type { PostgresqlServer, ServerSettings } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { openSmallDisk, whyNoSmallDisk, type SmallDisk } from '../support/small-disk';
import { afterTest, openTestDatabase } from '../support/test-database';
import { strikeWhileWriting } from './strikes';
import { faultRounds, type Work } from './work';

async function startServer(settings: ServerSettings = {}): Promise<PostgresqlServer> {
  const server = await startOwnServer({ settings: { ...durableSettings, ...settings } });
  afterTest(() => server.remove());
  return server;
}

/** Starts a server with an empty database on a small disk. */
async function startOnSmallDisk(): Promise<{ readonly url: string; readonly disk: SmallDisk }> {
  const disk = openSmallDisk(64);
  const server = await startServer();
  await administer(server.url(), `CREATE TABLESPACE small LOCATION '${disk.path}'`);
  await administer(server.url(), 'CREATE DATABASE work TABLESPACE small');
  return { url: server.url('work'), disk };
}

/** Waits until `count` more calls have failed. */
async function untilFailed(work: Work, count: number, meanwhile: () => unknown = () => undefined): Promise<void> {
  const wanted = work.errors.length + count;
  while (work.errors.length < wanted) {
    await meanwhile();
    await sleep(10);
  }
}

/** Returns the codes of the failed calls, without the conflicts that eight concurrent callers may have. */
function codesOf(work: Work): Set<string> {
  const others = work.errors.filter(({ code, retryable }) => code !== 'CONFLICT' || !retryable);
  return new Set(others.map(({ code, retryable }) => `${code} ${retryable}`));
}

describeUnless(whyNoOwnServer ?? whyNoSmallDisk(), 'full disk of the server', () => {
  test('on a full disk of the server, writes fail with STORAGE_FULL and change nothing, but reads succeed', async () => {
    const { url, disk } = await startOnSmallDisk();
    await migrateDatabase(url);
    const { db } = await openTestDatabase({ url });
    const strike = async (work: Work): Promise<void> => {
      disk.fill();
      await untilFailed(work, 20);
      expect(await db.queryAgents({ limit: 1 })).toHaveLength(1);
      expect((await db.health()).status).toBe('up');
      disk.clear();
    };
    const expectFailures = (work: Work): void => expect(codesOf(work)).toEqual(new Set(['STORAGE_FULL false']));
    const rounds = Math.min(5, Math.ceil(faultRounds / 4));
    await strikeWhileWriting({ db, url, what: 'a full disk of tables', strike, rounds, expectFailures });
  });

  test('no acknowledged write is lost when the server cannot write its write-ahead log and restarts', async () => {
    // The write-ahead log must fit on the small disk until the test fills the disk.
    const server = await startServer({ wal_keep_size: '0', max_wal_size: '48MB', min_wal_size: '32MB' });
    const [row] = await administer(server.url(), 'SHOW data_directory');
    const log = `${String(row?.['data_directory'])}/pg_wal`;
    await server.stop();
    const disk = openSmallDisk(128);
    // The server ends before the disk is removed.
    afterTest(() => server.stop('immediate'));
    execFileSync('sh', ['-c', `cp -Rp "$1"/. "$2"/ && rm -r "$1" && ln -s "$2" "$1"`, 'sh', log, disk.path]);
    await server.start();
    await administer(server.url(), 'CREATE DATABASE work');
    const url = server.url('work');
    await migrateDatabase(url);
    const { db } = await openTestDatabase({ url });
    const noise = "SELECT pg_logical_emit_message(false, 'noise', repeat('x', 1000000))";
    const strike = async (work: Work): Promise<void> => {
      disk.fill();
      await untilFailed(work, 20, () => administer(server.url(), noise).catch(() => undefined));
      disk.clear();
      await server.restart('immediate');
    };
    const expectFailures = (work: Work): void => {
      expect(['UNAVAILABLE true', 'STORAGE_FULL false']).toEqual(expect.arrayContaining([...codesOf(work)]));
    };
    await strikeWhileWriting({ db, url, what: 'a full disk of the log', strike, rounds: 1, expectFailures });
  });

  test('a migration on a full disk fails with STORAGE_FULL, and the next start with free space applies it', async () => {
    const { url, disk } = await startOnSmallDisk();
    disk.fill();
    expect(await expectError('STORAGE_FULL', () => migrateDatabase(url))).toMatchObject({ operation: 'initialize' });
    disk.clear();
    await migrateDatabase(url);
    const { db } = await openTestDatabase({ url });
    await db.createCertificate(certificateInput());
    expect((await db.check()).findings).toEqual([]);
  });
});
