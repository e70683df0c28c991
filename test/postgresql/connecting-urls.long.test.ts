import { DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { agentInput, certificateInput } from '../support/factories';
import { describeUnless } from '../support/skip';
import { connectTimeoutMs, secretInUrl, shareTarget } from './connecting';
import { whyNoOwnServer } from '../support/own-server';
import { failToOpen, failWith, type OpeningFailure } from './told';

describeUnless(whyNoOwnServer, 'Connecting', () => {
  const target = shareTarget();

  describe('by a URL that is wrong', () => {
    test.each([
      `postgresql:ans:${secretInUrl}@host/db`,
      `postgresql://ans:${secretInUrl}@host:port/db`,
      `postgresql://ans:${secretInUrl}@ho st/db`,
      `postgresql://ans:${secretInUrl}@[::1/db`,
      `postgresql://ans:${secretInUrl}@host:99999/db`,
      `postgresql://ans:${secretInUrl}%zz@host/db`,
      `postgresql://ans:${secretInUrl}@host/db with a space`,
      `postgresql://ans:${secretInUrl}@127.0.0.1:1/db?schema=`,
      `mysql://ans:${secretInUrl}@host/db`,
    ])('%s is INVALID_OPTIONS', async (url) => {
      const failure = await failWithUrl(url);
      target.expectFailure(failure, 'INVALID_OPTIONS', false);
      expect(failure.told).not.toContain(url);
    });

    test.each([`postgresql://ans:${secretInUrl}@host:port/db`, `mysql://ans:${secretInUrl}@host/db`])(
      'a replica of %s is INVALID_OPTIONS',
      async (url) => {
        target.expectFailure(await failWithUrl(target.migrated, [url]), 'INVALID_OPTIONS', false);
      },
    );

    async function failWithUrl(url: string, replicaUrls: string[] = []): Promise<OpeningFailure> {
      const start = performance.now();
      try {
        new DatabaseService({ url, replicaUrls });
      } catch (error) {
        return { ...(await rejected(error)), durationMs: performance.now() - start };
      }
      return failToOpen({ url, replicaUrls, pool: { connectTimeoutMs } });
    }

    async function rejected(error: unknown): Promise<OpeningFailure> {
      return failWith({ url: 'file:unused.sqlite' }, () => {
        throw error;
      });
    }
  });

  describe('to a database of another encoding', () => {
    test.each([
      ['LATIN1', "LOCALE 'C'"],
      ['SQL_ASCII', "LOCALE 'C'"],
    ])('%s, which cannot keep every code point, is refused, and left as it was', async (encoding, locale) => {
      const name = encoding.toLowerCase();
      await administer(
        target.server.url(),
        `CREATE DATABASE ${name} ENCODING '${encoding}' ${locale} TEMPLATE template0`,
      );
      const failure = await target.failToConnect(target.server.url(name), 'UNAVAILABLE', false, {
        migrations: 'apply',
      });
      expect(failure.error.message).toContain('UTF8');
      const tables = await administer(target.server.url(name), "SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
      expect(tables).toEqual([]);
    });
  });

  describe('with a schema in the URL', () => {
    test.each([
      ['other', 'schemas_1'],
      ['Odd one \\ with spaces', 'schemas_2'],
      ['größe', 'schemas_3'],
    ])('%s holds the tables, and public none', async (schema, name) => {
      await administer(target.server.url(), `CREATE DATABASE ${name}`);
      await administer(target.server.url(name), `CREATE SCHEMA "${schema.replaceAll('"', '""')}"`);
      const url = `${target.server.url(name)}?schema=${encodeURIComponent(schema)}`;
      await using db = new DatabaseService({ url, migrations: 'apply' });
      await db.initialize();
      const certificateId = await db.createCertificate(certificateInput());
      await db.createAgent(agentInput({ id: 'a', certificateId, capabilities: ['x'] }));
      expect(await db.updateCertificateStatus(certificateId, 'SUSPENDED')).toBe(true);
      await db.transaction(async (tx) => {
        expect(await tx.updateCertificateStatus(certificateId, 'VALID')).toBe(true);
        expect(await tx.getAgent('a')).toMatchObject({ capabilities: ['x'] });
      });
      const schemas = await administer(
        target.server.url(name),
        "SELECT DISTINCT schemaname AS name FROM pg_tables WHERE tablename = 'agents'",
      );
      expect(schemas).toEqual([{ name: schema }]);
    });

    test('one that is not there is SCHEMA_OUTDATED', async () => {
      await target.failToConnect(`${target.migrated}?schema=absent`, 'SCHEMA_OUTDATED', false);
    });

    test('beside options of the URL it still counts', async () => {
      await administer(target.migrated, 'CREATE SCHEMA vacant');
      const url = `${target.migrated}?schema=vacant&options=${encodeURIComponent('-c geqo=off')}`;
      await target.failToConnect(url, 'SCHEMA_OUTDATED', false);
    });
  });

  test('a setting that the server does not know is INVALID_OPTIONS', async () => {
    for (const setting of ['-c no_such_setting=1', '--nonsense', '-c geqo=maybe']) {
      const url = `${target.migrated}?options=${encodeURIComponent(setting)}`;
      await target.failToConnect(url, 'INVALID_OPTIONS', false);
    }
  });

  test("a role's own search path is where the tables are, for every call", async () => {
    await administer(target.server.url(), 'CREATE DATABASE own_path');
    await administer(target.server.url('own_path'), 'CREATE SCHEMA app');
    const url = `${target.server.url('own_path')}?options=${encodeURIComponent('-c search_path=app')}`;
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    const id = await db.createCertificate(certificateInput());
    expect(await db.updateCertificateStatus(id, 'SUSPENDED')).toBe(true);
    await db.transaction(async (tx) => expect(await tx.updateCertificateStatus(id, 'REVOKED')).toBe(true));
  });
});
