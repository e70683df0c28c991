import { durableSettings, shareOwnServer } from '../support/own-server';
import { runRaw } from '../support/raw-client';
import { afterTest, openTestDatabase } from '../support/test-database';
import { expectKept } from './strikes';
import { Work, type Write } from './work';

/** Each COMMIT takes 100 ms. The server logs its duration, and checks for a cancellation after it has logged. */
const settings = { ...durableSettings, commit_delay: 100_000, commit_siblings: 0, log_min_duration_statement: 0 };
const own = shareOwnServer(() => Promise.resolve(), settings);

const calls: readonly (readonly [name: string, write: Write])[] = [
  ['updateAgent', (work, unit) => work.change(unit)],
  ['transaction', (work, unit) => work.transact(unit)],
];

/** Cancels each COMMIT 20 ms after its start, when it can no longer fail. */
const cancelSql = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'ans-database' AND state = 'active' AND query = 'COMMIT'
  AND clock_timestamp() - query_start > interval '20 ms'`;

// Runs each call three times. The first time prepares its statements, so that the others are sent as batches.
test.each(calls)('a write whose COMMIT is cancelled too late succeeds: %s', async (name, write) => {
  const url = await own.createDatabase();
  const { db } = await openTestDatabase({ url, pool: { maxConnections: 1 }, retry: false });
  const work = await Work.prepare(db);
  let cancelled = 0;
  const cancel = async (): Promise<void> => {
    cancelled += (await runRaw(url, cancelSql)).flat().length;
  };
  await cancel();
  const timer = setInterval(() => void cancel(), 10);
  afterTest(() => clearInterval(timer));
  for (const round of [1, 2, 3]) await write(work, `unit ${name}-${round}`);
  clearInterval(timer);
  await cancel();
  expect(cancelled).toBeGreaterThan(0);
  expect(work.errors).toEqual([]);
  await expectKept(db, url, work.account);
});
