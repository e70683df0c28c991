import { TcpProxy } from '../support/tcp-proxy';
import { administer } from '../support/administration';
import { unmigratedDatabaseUrl } from '../support/test-database';
import { expectRepaired, fillOldDatabase, schemaOf, tryToOpen } from './postgresql-old-database';

let url: string;
let before: unknown[];

beforeEach(async () => {
  url = await unmigratedDatabaseUrl();
  await fillOldDatabase(url);
  before = await schemaOf(url);
});

describe('A migration of a database with rows', () => {
  test('leaves no change when a statement in the middle fails, and is applied after the cause is removed', async () => {
    // Only the owner of a server can do this. It is an error of the application's own trigger, whatever its code.
    await administer(
      url,
      `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE '%idx_changes_changed_at')
        THEN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END IF; END $$;
      CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION refuse()`,
    );
    expect(await tryToOpen(url)).toBe('CONSTRAINT_VIOLATION');
    expect(await schemaOf(url)).toEqual(before);
    await administer(url, 'DROP EVENT TRIGGER refuse; DROP FUNCTION refuse');
    await expectRepaired(url);
  });

  test.each([
    ['at its beginning', 'pg_advisory_xact_lock', 'after'],
    ['before its statements', 'CREATE TABLE "changes"', 'before'],
    ['after its statements', 'CREATE TABLE "changes"', 'after'],
  ] as const)(
    'leaves no change when the connection is cut %s, and is applied by the next start',
    async (_, text, moment) => {
      const proxy = await TcpProxy.start(url);
      proxy.cutAt(text, moment);
      expect(await tryToOpen(proxy.url(url))).toBe('UNAVAILABLE');
      expect(proxy.cuts).toBe(1);
      expect(await schemaOf(url)).toEqual(before);
      await expectRepaired(url);
    },
  );

  test.each(['before', 'after'] as const)(
    'is unapplied or complete when the connection is cut %s its commit, and the next start succeeds',
    async (moment) => {
      const proxy = await TcpProxy.start(url);
      // The migrations send COMMIT as the only statement of a message, whose length is 11 bytes.
      proxy.cutAt('\u000bCOMMIT\0', moment);
      expect(await tryToOpen(proxy.url(url))).toBe('UNAVAILABLE');
      expect(proxy.cuts).toBe(1);
      const found = await schemaOf(url);
      if (moment === 'before') expect(found).toEqual(before);
      else expect(found.length).toBeGreaterThan(before.length);
      await expectRepaired(url);
    },
  );
});
