import { setTimeout as sleep } from 'node:timers/promises';
import { packageConnections, runRaw } from '../support/raw-client';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { openWork, strikeWhileWriting } from './strikes';
import { faultRounds } from './work';

const victims = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ans-database'";

/** Functions by which an operator interrupts another session. */
const blows = [
  ['terminated', 'pg_terminate_backend'],
  ['cancelled', 'pg_cancel_backend'],
] as const;

describe.each(blows)('sessions that an operator has %s', (how, blow) => {
  const strike = (url: string, which = 'true') => runRaw(url, `SELECT ${blow}(pid) ${victims} AND ${which}`);

  test.each([
    ['at random moments', 20, `pid = (SELECT pid ${victims} ORDER BY random() LIMIT 1)`],
    ['at their commits', 2, "(query LIKE 'COMMIT%' OR wait_event IN ('WALWrite', 'WALSync', 'WalSync', 'WalWrite'))"],
  ])(
    `eight callers whose sessions are ${how} lose no acknowledged write and repeat none: %s`,
    async (when, pauseMs, which) => {
      const url = await newDatabaseUrl();
      const { db } = await openTestDatabase({ url });
      const work = { db, url, what: `${how} ${when}`, strike: () => strike(url, which), pauseMs };
      await strikeWhileWriting({ ...work, rounds: faultRounds * 4, calls: 1 });
    },
  );

  test.each([0, 1, 2, 3])(
    `a transaction whose session is ${how} before call %i ${how === 'terminated' ? 'fails with a retryable error' : 'succeeds'}`,
    async (step) => {
      const { url, work, expectKept } = await openWork();
      await work.transact('unit struck', async (at) => {
        if (at !== step) return;
        await strike(url);
        // The client learns of the end of an idle connection a moment later; an idle session is not cancelled.
        await sleep(20);
      });
      const failures = how === 'terminated' ? [{ code: 'UNAVAILABLE', retryable: true }] : [];
      expect(work.errors).toMatchObject(failures);
      await work.transact('unit next');
      expect(work.errors).toHaveLength(failures.length);
      await expectKept();
    },
  );

  test(`calls succeed after idle sessions were ${how}`, async () => {
    const { url, work, expectKept } = await openWork();
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([1, 2, 3].map((caller) => work.change(`unit ${round}-${caller}`)));
      await strike(url);
      if (how === 'cancelled') continue;
      await waitUntil(async () => (await packageConnections(url)).length === 0);
      // The clients learn of it a moment later.
      await sleep(150);
    }
    expect(work.errors).toEqual([]);
    await expectKept();
  });
});
