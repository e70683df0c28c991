import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService } from '../../src';
import { soundReport } from '../support/sound-database';
import { agentInput, createCertificate, certificateInput, eventInput } from '../support/factories';
import { runRaw } from '../support/raw-client';
import { openTestDatabase } from '../support/test-database';

async function fill(db: DatabaseService, count: number): Promise<void> {
  const certificateId = await createCertificate(db);
  const places = Array.from({ length: count }, (_, place) => place);
  const agents = places.map((place) =>
    agentInput({
      certificateId,
      capabilities: [`capability-${place}`, 'common'],
      endpoints: [{ protocol: 'https', address: 'host', port: 1 }],
      metadata: { place, other: true },
    }),
  );
  await db.agents.createMany(agents);
  await db.events.recordMany(places.map((place) => eventInput({ metadata: { place } })));
  await db.transaction(async (tx) => {
    for (const place of places) await tx.createCertificate(certificateInput({ metadata: { place } }));
  });
}

/** Returns the number of rows of tables and indexes that the server read while `work` ran. */
async function rowsReadBy(url: string, work: () => Promise<unknown>): Promise<number> {
  const read = async (): Promise<number> => {
    // The counts of a session are added to those of the database when it ends, or has been idle for a while.
    const [, [row] = []] = await runRaw(
      url,
      `SELECT pg_stat_clear_snapshot();
       SELECT tup_returned + tup_fetched AS rows FROM pg_stat_database WHERE datname = current_database()`,
    );
    return Number(row?.['rows']);
  };
  // A session that is idle reports its counts after a second. Those of earlier work must not be counted here.
  let before = await read();
  for (let last = -Infinity; before - last > 1000; before = await read()) {
    last = before;
    await sleep(1500);
  }
  await work();
  return (await read()) - before;
}

/** Autovacuum makes statistics at any time, and the rows that it reads are counted. */
const withoutAutovacuumSql = `DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace LOOP
    EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = false)', name);
  END LOOP; END $$`;

describe('check() on PostgreSQL', () => {
  test.each([
    ['without statistics', false],
    ['with statistics', true],
  ])('reads a number of rows proportional to the number of records, %s', async (_, hasStatistics) => {
    const { db, options } = await openTestDatabase();
    await runRaw(options.url, withoutAutovacuumSql);
    const read: number[] = [];
    for (const count of [1000, 3000]) {
      await fill(db, count);
      if (hasStatistics) await runRaw(options.url, 'ANALYZE');
      read.push(await rowsReadBy(options.url, async () => expect(await db.check()).toEqual(soundReport)));
    }
    // Four times as much as before.
    const [small = 0, large = 0] = read;
    expect(small).toBeGreaterThan(10_000);
    expect(large / small).toBeLessThan(5);
  });
});
