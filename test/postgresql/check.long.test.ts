import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentInput, DatabaseService } from '../../src';
import { agentInput, createCertificate, certificateInput, eventInput } from '../support/factories';
import { createDatabase, dropDatabase } from '../support/postgresql-databases';
import { closeRawClient, runRaw } from '../support/raw-client';
import { soundReport } from '../support/sound-database';
import { tableNames } from '../support/tables';
import { afterTest, openTestDatabase } from '../support/test-database';
import { testServer } from '../support/test-server';

const count = 4000;

const varied = (place: number): Partial<AgentInput> => ({
  capabilities: [`capability-${place}`, 'common'],
  metadata: { place, other: true },
});
const alike = (): Partial<AgentInput> => ({ capabilities: ['only'], metadata: { same: 1, other: true } });

/** Records `size` agents, events and certificates. */
async function fill(db: DatabaseService, size: number, fields: (place: number) => Partial<AgentInput>): Promise<void> {
  const certificateId = await createCertificate(db);
  const endpoints = [{ protocol: 'https', address: 'host', port: 1 }];
  const places = Array.from({ length: size }, (_, place) => place);
  await db.agents.createMany(places.map((place) => agentInput({ certificateId, endpoints, ...fields(place) })));
  const metadataOf = (place: number) => fields(place).metadata ?? {};
  await db.events.recordMany(places.map((place) => eventInput({ metadata: metadataOf(place) })));
  await db.certificates.createMany(places.map((place) => certificateInput({ metadata: metadataOf(place) })));
}

async function deleteAll(url: string): Promise<void> {
  await runRaw(url, tableNames.map((name) => `DELETE FROM ${name}`).join(';'));
}

/** Returns the numbers of rows and blocks, of tables and indexes, that the server read while `work` ran. */
async function readsOf(url: string, work: () => Promise<unknown>): Promise<{ rows: number; blocks: number }> {
  const read = async (): Promise<{ rows: number; blocks: number }> => {
    const [, [row] = []] = await runRaw(
      url,
      `SELECT pg_stat_clear_snapshot(); SELECT tup_returned + tup_fetched AS rows, blks_read + blks_hit AS blocks
       FROM pg_stat_database WHERE datname = current_database()`,
    );
    return { rows: Number(row?.['rows']), blocks: Number(row?.['blocks']) };
  };
  // A session reports its last counts a moment after it has ended. Waits until the counts of earlier sessions are
  // reported.
  await closeRawClient(url);
  let before = await read();
  for (let last = -Infinity; before.rows - last > 1000; before = await read()) {
    last = before.rows;
    await sleep(1500);
  }
  await work();
  await sleep(1500);
  const after = await read();
  return { rows: after.rows - before.rows, blocks: after.blocks - before.blocks };
}

/** SQL that disables autovacuum, which would create statistics at any time and whose reads would be counted. */
const withoutAutovacuumSql = tableNames.map((name) => `ALTER TABLE ${name} SET (autovacuum_enabled = false)`).join(';');

/** Ways in which the tables get their statistics before they are filled. */
const histories: readonly (readonly [name: string, prepare: (db: DatabaseService, url: string) => Promise<unknown>])[] =
  [
    ['no statistics', () => Promise.resolve()],
    ['statistics of empty tables', (_db, url) => runRaw(url, 'ANALYZE')],
    [
      'statistics of tables whose rows were all deleted',
      async (db, url) => {
        await fill(db, 1000, alike);
        await deleteAll(url);
        await runRaw(url, 'ANALYZE');
      },
    ],
    [
      'statistics of one record',
      async (db, url) => {
        await fill(db, 1, alike);
        await runRaw(url, 'ANALYZE');
      },
    ],
    [
      'statistics of records that were all alike',
      async (db, url) => {
        await fill(db, 1000, alike);
        await runRaw(url, 'ANALYZE');
        await runRaw(url, `TRUNCATE ${tableNames.join()}`);
      },
    ],
  ];

describe('check() on PostgreSQL', () => {
  test.each([...histories, ['current statistics', undefined] as const])(
    'check() reads a bounded number of rows for each record with %s',
    async (_, prepare) => {
      // A new database is needed, because other tests leave statistics in a shared one.
      const url = await createDatabase(`TEMPLATE ${testServer().template}`);
      afterTest(() => dropDatabase(url));
      await runRaw(url, withoutAutovacuumSql);
      const { db } = await openTestDatabase({ url });
      await prepare?.(db, url);
      await fill(db, count, varied);
      await db.close();
      if (prepare === undefined) await runRaw(url, 'ANALYZE');
      const { db: checked } = await openTestDatabase({ url });
      const { rows, blocks } = await readsOf(url, async () => expect(await checked.check()).toEqual(soundReport));
      expect(rows / count).toBeGreaterThan(20);
      expect(rows / count).toBeLessThan(100);
      expect(blocks / count).toBeLessThan(100);
    },
  );
});
