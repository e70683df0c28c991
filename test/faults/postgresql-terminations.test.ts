import { setTimeout as sleep } from 'node:timers/promises';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { runRaw } from '../support/raw-client';
import { strikes, Work } from './postgresql-work';

const victims = `FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'ans-database' AND pid <> pg_backend_pid()`;

async function open() {
  const url = await newDatabaseUrl();
  const { db } = await openTestDatabase({ url });
  return { db, url };
}

async function untilAllAreGone(url: string): Promise<void> {
  while ((await runRaw(url, `SELECT 1 ${victims}`))[0]?.length !== 0) await sleep(5);
  // Their clients learn of it a moment later.
  await sleep(150);
}

/** Functions by which an operator interrupts another session. */
const blows = [
  ['terminated', 'pg_terminate_backend'],
  ['cancelled', 'pg_cancel_backend'],
] as const;

describe.each(blows)('While sessions are %s from outside', (how, blow) => {
  const codes = ['UNAVAILABLE'] as const;
  const strike = (url: string, which = 'true') => runRaw(url, `SELECT ${blow}(pid) ${victims} AND ${which}`);

  test('at random moments, one after the other, eight callers lose nothing and make nothing twice', async () => {
    const { db, url } = await open();
    const work = await Work.start(db);
    await work.goOn();
    for (let round = 0; round < strikes * 5; round += 1) {
      await strike(url, `pid = (SELECT pid ${victims} ORDER BY random() LIMIT 1)`);
      await sleep(Math.random() * 20);
    }
    await work.goOn();
    await work.stop();
    work.expectPassing([...codes, 'CONFLICT']);
    await work.expectKept(url);
    work.report(how, strikes * 5);
  });

  test.each([0, 1, 2, 3])(
    'in a transaction, before its call %i: it fails as passing and leaves nothing',
    async (step) => {
      const { db, url } = await open();
      const work = await Work.prepare(db);
      await work.transact('unit struck', async (at) => {
        if (at !== step) return;
        await strike(url);
        // The client learns of the end of an idle connection a moment later; a session that is idle is not cancelled.
        await sleep(20);
      });
      expect(work.errors.map(({ code }) => code)).toEqual(how === 'terminated' ? codes : []);
      await work.transact('unit next');
      expect(work.errors).toHaveLength(how === 'terminated' ? 1 : 0);
      await work.expectKept(url);
    },
  );

  test('while they are idle, nobody notices', async () => {
    const { db, url } = await open();
    const work = await Work.prepare(db);
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([1, 2, 3].map((caller) => work.change(`unit ${round}-${caller}`)));
      await strike(url);
      if (how === 'terminated') await untilAllAreGone(url);
    }
    expect(work.errors).toEqual([]);
    await work.expectKept(url);
  });

  test('at their commits, what fails has left nothing unless it says that it may have', async () => {
    const { db, url } = await open();
    const work = await Work.start(db);
    for (let round = 0; round < strikes * 3; round += 1) {
      await strike(url, "(query LIKE 'COMMIT%' OR wait_event IN ('WALWrite', 'WALSync', 'WalSync', 'WalWrite'))");
      await sleep(2);
    }
    await work.stop();
    work.expectPassing([...codes, 'CONFLICT']);
    await work.expectKept(url);
    work.report(`${how} at the commit`, strikes * 3);
  });
});
