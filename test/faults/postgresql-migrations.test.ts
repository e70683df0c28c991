import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, isDatabaseError } from '../../src';
import { administer } from '../support/administration';
import { applyMigrations, packageMigrations } from '../support/migrations';
import { durableSettings, startOwnServer, whyNoOwnServer } from '../support/own-server';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { soundReport } from '../support/sound-database';
import { TcpProxy } from '../support/tcp-proxy';
import { unmigratedDatabaseUrl } from '../support/test-database';
import { faultRounds } from './work';

const noteCount = 1000;

/** Creates a database that has the first migration only, and a table of the application with rows. */
async function fillOldDatabase(url: string): Promise<void> {
  await applyMigrations(url, packageMigrations.slice(0, 1));
  await administer(
    url,
    `CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
      INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, ${noteCount}) n`,
  );
}

/** Starts a service that applies the migrations, and returns the code of its failure, or `opened`. */
async function tryToOpen(url: string): Promise<string> {
  const options = { url, migrations: 'apply', retry: false, pool: { connectTimeoutMs: 2000 } } as const;
  await using db = new DatabaseService(options);
  return await db.initialize().then(
    () => 'opened',
    (error: unknown) => (isDatabaseError(error) ? error.code : String(error)),
  );
}

/** Asserts that a start succeeds, and that the rows of the application are unchanged. */
async function expectRepaired(url: string): Promise<void> {
  await using db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  expect(await db.migrateDatabase()).toEqual([]);
  expect(await db.check()).toEqual(soundReport);
  const unchanged = "SELECT count(*)::integer AS count FROM notes WHERE text = 'note ' || id";
  expect(await administer(url, unchanged)).toEqual([{ count: noteCount }]);
}

/** Returns the names of all tables, indexes and sequences, and of the applied migrations. */
function schemaOf(url: string): Promise<unknown[]> {
  return administer(
    url,
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
      UNION ALL SELECT migration_name FROM _prisma_migrations ORDER BY 1`,
  );
}

describe('failing migrations', () => {
  let url: string;
  let before: unknown[];
  beforeEach(async () => {
    url = await unmigratedDatabaseUrl();
    await fillOldDatabase(url);
    before = await schemaOf(url);
  });

  test('a migration changes nothing when one of its statements fails, and the corrected migration succeeds', async () => {
    // An error of a trigger is an error of the application, whatever its code is.
    await administer(
      url,
      `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE '%idx_security_event_entries_event_id')
        THEN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END IF; END $$;
      CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION refuse()`,
    );
    expect(await tryToOpen(url)).toBe('CONSTRAINT_VIOLATION');
    expect(await schemaOf(url)).toEqual(before);
    await administer(url, 'DROP EVENT TRIGGER refuse; DROP FUNCTION refuse');
    await expectRepaired(url);
  });

  // COMMIT is the only statement of its message, whose length is 11 bytes.
  test.each([
    ['at its beginning', 'pg_advisory_xact_lock', 'after', false],
    ['before its statements', 'CREATE TABLE "changes"', 'before', false],
    ['after its statements', 'CREATE TABLE "changes"', 'after', false],
    ['before its commit', '\u000bCOMMIT\0', 'before', false],
    ['after its commit', '\u000bCOMMIT\0', 'after', true],
  ] as const)(
    'a migration is applied completely or not at all when the connection is cut %s',
    async (_, text, moment, isComplete) => {
      const proxy = await TcpProxy.start(url);
      proxy.cutAt(text, moment);
      expect(await tryToOpen(proxy.url(url))).toBe('UNAVAILABLE');
      expect(proxy.cuts).toBe(1);
      const found = await schemaOf(url);
      if (isComplete) expect(found.length).toBeGreaterThan(before.length);
      else expect(found).toEqual(before);
      await expectRepaired(url);
    },
  );
});

describeUnless(whyNoOwnServer, 'server that stops during a migration', () => {
  let server: PostgresqlServer;
  beforeAll(async () => {
    server = await startOwnServer({ settings: durableSettings });
    await administer(server.url(), 'CREATE DATABASE old');
    await fillOldDatabase(server.url('old'));
  });
  afterAll(() => server.remove());

  test.each(['fast', 'immediate'] as const)(
    'the next start completes a migration during which the server was stopped with -m %s',
    async (mode) => {
      const rounds = Math.ceil(faultRounds / 2);
      for (let round = 0; round < rounds; round += 1) {
        const name = `${mode}_${round}`;
        await administer(server.url(), `CREATE DATABASE ${name} TEMPLATE old`);
        const opening = tryToOpen(server.url(name));
        // A migration, and what follows it, takes about as long as the longest wait.
        await sleep((1500 * (round + Math.random())) / rounds);
        await server.stop(mode);
        expect(['opened', 'UNAVAILABLE']).toContain(await opening);
        await server.start();
        await expectRepaired(server.url(name));
        await administer(server.url(), `DROP DATABASE ${name}`);
      }
    },
  );
});
