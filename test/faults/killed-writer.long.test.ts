import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextLine, startProcess, type TestProcess } from '../support/child-process';
import { engine, onPostgresql } from '../support/engine';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { Account, type Notice } from './account';
import { expectKept } from './strikes';
import { faultRounds } from './work';

/** Number of kills after which the test uses a new database: the check of a database takes longer as it grows. */
const killsPerDatabase = 10;
/** Maximum time in milliseconds that the test waits before it kills a process. */
const longestLifeMs = 500;

/** Starts a process that writes to a database when it is asked to. Adds its reports to the account. */
function startWriter(url: string, account: Account): TestProcess {
  const writer = startProcess(join(__dirname, 'writing-process.ts'), url);
  writer.lines.on('line', (line) => {
    // A process may be killed in the middle of a line, which then reports nothing.
    if (line.startsWith('[') && line.endsWith(']')) account.hear(JSON.parse(line) as Notice);
  });
  return writer;
}

async function untilAcknowledged(account: Account, count = 1): Promise<void> {
  const wanted = account.acknowledged + count;
  await waitUntil(() => account.acknowledged >= wanted);
}

/**
 * Asserts that the database contains what the account allows, and that calls failed only with CONFLICT on PostgreSQL.
 */
async function expectAllKept(url: string, account: Account): Promise<void> {
  const { db } = await openTestDatabase({ url, migrations: 'apply' });
  await expectKept(db, url, account);
  await db.close();
  expect(account.failures.filter((code) => !(onPostgresql && code === 'CONFLICT'))).toEqual([]);
}

test('a process that is killed during writes loses no acknowledged write and stores no partial write', async () => {
  let acknowledged = 0;
  for (let kills = 0; kills < faultRounds; kills += killsPerDatabase) {
    const [url, account] = [await newDatabaseUrl(), new Account()];
    let next = startWriter(url, account);
    for (let round = 0; round < Math.min(killsPerDatabase, faultRounds - kills); round += 1) {
      const writer = next;
      await writer.ask('open');
      // Some are killed while they open the database, or create it.
      if (round % 4 !== 0) await untilAcknowledged(account);
      await sleep(Math.random() * longestLifeMs);
      await writer.kill();
      next = startWriter(url, account);
      await expectAllKept(url, account);
    }
    acknowledged += account.acknowledged;
  }
  process.stdout.write(`kill -9 on ${engine}: ${faultRounds} rounds, ${acknowledged} acknowledged, 0 lost\n`);
  expect(acknowledged).toBeGreaterThan(faultRounds);
}, 900_000);

test('four processes that write to one database lose no acknowledged write when some processes are killed', async () => {
  const [url, account, kills] = [await newDatabaseUrl(), new Account(), Math.ceil(faultRounds / 4)];
  const start = async (): Promise<TestProcess> => {
    const writer = startWriter(url, account);
    await writer.ask('open');
    await nextLine(writer);
    return writer;
  };
  const writers = await Promise.all([start(), start(), start(), start()]);
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(Math.random() * longestLifeMs);
    const index = Math.floor(Math.random() * writers.length);
    await writers[index]?.kill();
    if (kill % 5 === 4) {
      const { db } = await openTestDatabase({ url });
      expect((await db.check()).findings).toEqual([]);
      await db.close();
    }
    writers[index] = await start();
    await untilAcknowledged(account, 10);
  }
  for (const { child } of writers) child.stdin?.write('end\n');
  expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  await expectAllKept(url, account);
  process.stdout.write(`four writers on ${engine}: ${kills} killed, ${account.acknowledged} acknowledged, 0 lost\n`);
  expect(account.acknowledged).toBeGreaterThan(10 * kills);
}, 900_000);
