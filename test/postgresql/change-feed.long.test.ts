import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { expectCompleteFeed } from '../changes/feed-trial';
import { administer } from '../support/administration';
import { certificateInput } from '../support/factories';
import { shareOwnServer, whyNoOwnServer } from '../support/own-server';
import { Pgbouncer, whyNoPgbouncer } from '../support/pgbouncer';
import { whileLocked } from '../support/raw-client';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';

const durationMs = 20_000;

describeUnless(
  whyNoOwnServer ?? whyNoPgbouncer(),
  'readers of the change feed see every change once and in order',
  () => {
    const own = shareOwnServer(() => Promise.resolve());

    async function openServices(url: string): Promise<[DatabaseService, DatabaseService, DatabaseService]> {
      const open = (): Promise<DatabaseService> => own.open({ url, pool: { maxConnections: 12 } });
      return [await open(), await open(), await open()];
    }

    /** Ends a random connection of the services. */
    async function endConnection(url: string): Promise<void> {
      await sleep(300);
      const backends = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend' AND application_name <> ''`;
      await administer(
        url,
        `SELECT pg_terminate_backend(pid) FROM (SELECT pid ${backends} ORDER BY random() LIMIT 1) AS one`,
      );
    }

    test.each<[string, number, boolean]>([
      ['while connections are ended', 0, false],
      ['while connections are ended behind PgBouncer', 0, true],
      ['when the numbers pass 2^31', 2 ** 31 - 500, false],
      ['when the numbers pass 2^32 behind PgBouncer', 2 ** 32 - 500, true],
    ])('the change feed stays complete %s', async (_, start, isPooled) => {
      const url = await own.createDatabase();
      if (start > 0) await administer(url, `SELECT setval('changes_sequence_seq', ${start})`);
      let poolerUrl = url;
      if (isPooled) {
        const pooler = await Pgbouncer.start(own.server, { default_pool_size: 16, max_client_conn: 200 });
        afterTest(() => pooler.remove());
        poolerUrl = pooler.url(new URL(url).pathname.slice(1));
      }
      const strike = () => endConnection(url);
      await expectCompleteFeed({ services: await openServices(poolerUrl), url, durationMs, longestMs: 3000, strike });
    });
  },
);

describeUnless(whyNoOwnServer, 'a commit in progress', () => {
  const own = shareOwnServer(() => Promise.resolve());

  test('a commit in progress does not hide changes in another schema of the same database', async () => {
    const url = await own.createDatabase();
    const open = (schema: string, options: DatabaseOptions = {}): Promise<DatabaseService> => {
      const schemaUrl = new URL(url);
      schemaUrl.searchParams.set('schema', schema);
      return own.open({ url: schemaUrl.href, ...options });
    };
    const db = await open('public');
    const other = await open('other', { migrations: 'apply' });
    await administer(
      url,
      `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
      CREATE TRIGGER hold AFTER INSERT ON public.changes FOR EACH STATEMENT EXECUTE FUNCTION hold()`,
    );
    const held = await whileLocked(url, 'SELECT pg_advisory_xact_lock(42)', async () => {
      const promise = db.createCertificate(certificateInput());
      await sleep(500);
      for (const id of ['a', 'b']) await other.createCertificate(certificateInput({ id }));
      expect((await other.changes()).map(({ id }) => id)).toEqual(['a', 'b']);
      expect(await db.changes()).toEqual([]);
      return { promise };
    });
    await held.promise;
    expect(await db.changes()).toHaveLength(1);
  });
});
