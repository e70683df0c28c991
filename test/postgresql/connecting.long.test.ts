import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type DatabaseErrorCode, type DatabaseOptions } from '../../src';
import { administer, databaseUrl } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, eventInput } from '../support/factories';
import type { PostgresqlServer, ServerRole } from '../support/postgresql-server';
import { findFreePort } from '../support/server-process';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { failToOpen, failWith, type OpeningFailure } from './told';
import { startOwnServer, whyNoOwnServer } from './own-server';

const connectTimeoutMs = 1500;
const aLittleMs = 500;
const secret = 'sEcr3t-p@ss/word';

/** Connections that a role may make: the server keeps three for superusers. */
const slots = 6;

describeUnless(whyNoOwnServer, 'Connecting', () => {
  let server: PostgresqlServer;
  let migrated: string;

  beforeAll(async () => {
    server = await startOwnServer({ settings: { max_connections: slots + 3, superuser_reserved_connections: 3 } });
    await administer(server.url(), 'CREATE DATABASE migrated');
    migrated = server.url('migrated');
    await using db = new DatabaseService({ url: migrated, migrations: 'apply' });
    await db.initialize();
    await createAgent(db, { id: 'known' });
  });
  afterAll(() => server.remove());

  /** The URL of the database with tables for a new role, which has these privileges. */
  async function urlOfRole(name: string, privileges: string): Promise<string> {
    const role: ServerRole = { name, password: secret };
    await administer(migrated, `CREATE ROLE ${name} LOGIN PASSWORD '${secret}'; ${privileges}`);
    return server.url('migrated', role);
  }

  function expectFailure(
    { error, told, durationMs }: OpeningFailure,
    code: DatabaseErrorCode,
    retryable: boolean,
  ): void {
    expect({ code: error.code, retryable: error.retryable }).toEqual({ code, retryable });
    expect(durationMs).toBeLessThan(connectTimeoutMs + aLittleMs);
    expect(error.message).toMatch(/^(Failed to initialize database|Migration failed): \w/);
    for (const password of [secret, encodeURIComponent(secret), server.superuser.password]) {
      expect(told).not.toContain(password);
    }
  }

  async function fail(url: string, options: DatabaseOptions = {}): Promise<OpeningFailure> {
    return failToOpen({ url, pool: { connectTimeoutMs }, ...options });
  }

  describe('to where nothing is', () => {
    test('a host without a name is UNAVAILABLE, and may be there later', async () => {
      const failure = await fail(`postgresql://ans:${encodeURIComponent(secret)}@no-such-host.invalid/ans`);
      expectFailure(failure, 'UNAVAILABLE', true);
    });

    test('a port that nobody listens on is UNAVAILABLE', async () => {
      const port = await findFreePort();
      const failure = await fail(`postgresql://ans:${encodeURIComponent(secret)}@127.0.0.1:${port}/ans`);
      expectFailure(failure, 'UNAVAILABLE', true);
    });

    test('localhost with nobody on either of its addresses is UNAVAILABLE', async () => {
      const port = await findFreePort();
      expectFailure(await fail(`postgresql://ans:x@localhost:${port}/ans`), 'UNAVAILABLE', true);
    });

    test('a socket that is not there is UNAVAILABLE', async () => {
      const failure = await fail(`postgresql://ans:${encodeURIComponent(secret)}@/ans?host=/no/such/directory`);
      expectFailure(failure, 'UNAVAILABLE', true);
    });

    test('a server that accepts and says nothing is UNAVAILABLE after connectTimeoutMs', async () => {
      const url = await urlOfListener(() => undefined);
      const failure = await fail(url);
      expectFailure(failure, 'UNAVAILABLE', true);
      expect(failure.durationMs).toBeGreaterThan(connectTimeoutMs - 50);
    });

    test('a blackhole is UNAVAILABLE after connectTimeoutMs at most', async () => {
      // An address for documentation (RFC 5737), which nobody answers for.
      expectFailure(await fail(`postgresql://ans:${encodeURIComponent(secret)}@192.0.2.1/ans`), 'UNAVAILABLE', true);
    });

    test('what speaks another protocol is UNAVAILABLE', async () => {
      const url = await urlOfListener((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      const failure = await fail(url);
      expect(failure.error.code).toBe('UNAVAILABLE');
      expectFailure(failure, 'UNAVAILABLE', failure.error.retryable);
    });

    test('a server that hangs up at once is UNAVAILABLE', async () => {
      const url = await urlOfListener((socket) => socket.destroy());
      expectFailure(await fail(url), 'UNAVAILABLE', true);
    });

    async function urlOfListener(
      onConnection: Parameters<typeof createServer>[1] & ((socket: import('node:net').Socket) => unknown),
    ): Promise<string> {
      const sockets = new Set<import('node:net').Socket>();
      const listener = createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
        onConnection(socket);
      });
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      afterTest(() => {
        for (const socket of sockets) socket.destroy();
        listener.close();
      });
      const { port } = listener.address() as AddressInfo;
      return `postgresql://ans:${encodeURIComponent(secret)}@127.0.0.1:${port}/ans`;
    }
  });

  describe('as somebody whom the server refuses', () => {
    test('a wrong password is UNAVAILABLE, and stays so', async () => {
      const failure = await fail(server.url('postgres', { name: server.superuser.name, password: secret }));
      expectFailure(failure, 'UNAVAILABLE', false);
    });

    test('no password is UNAVAILABLE', async () => {
      expectFailure(await fail(`postgresql://postgres@127.0.0.1:${server.port}/migrated`), 'UNAVAILABLE', false);
    });

    test('an unknown role is UNAVAILABLE', async () => {
      expectFailure(await fail(server.url('postgres', { name: 'nobody', password: secret })), 'UNAVAILABLE', false);
    });

    test('a missing database is UNAVAILABLE, and stays so', async () => {
      expectFailure(await fail(server.url('missing')), 'UNAVAILABLE', false);
    });

    test('a role that may not connect to the database is UNAVAILABLE', async () => {
      const url = await urlOfRole('stranger', '');
      await administer(server.url(), 'CREATE DATABASE closed; ').catch(() => undefined);
      await administer(server.url(), 'REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
      expectFailure(await fail(databaseUrl(url, 'closed')), 'UNAVAILABLE', false);
    });

    test('TLS demanded of a server without is UNAVAILABLE, and stays so', async () => {
      const url = `${server.url('migrated')}?sslmode=verify-full`;
      expectFailure(await fail(url), 'UNAVAILABLE', false);
      expectFailure(await fail(`${server.url('migrated')}?ssl=true`), 'UNAVAILABLE', false);
    });

    test('a certificate file that is not there is INVALID_OPTIONS', async () => {
      const failure = await fail(`${server.url('migrated')}?sslmode=verify-full&sslrootcert=/no/such/file.pem`);
      expectFailure(failure, 'INVALID_OPTIONS', false);
      expect(failure.error.message).not.toContain('/no/such');
    });
  });

  describe('as a role that lacks a privilege', () => {
    test('one that may not see the history cannot verify the schema', async () => {
      const failure = await fail(await urlOfRole('blind', ''));
      expect(['UNAVAILABLE', 'MIGRATION_FAILED']).toContain(failure.error.code);
      expectFailure(failure, failure.error.code, false);
    });

    test('one that may not read fails with UNAVAILABLE, and the privilege in the message', async () => {
      const url = await urlOfRole('unread', '');
      const failure = await failWith({ url, migrations: 'skip' }, async (db) => {
        await db.initialize();
        await db.getAgent('known');
      });
      expect(failure.error).toMatchObject({ code: 'UNAVAILABLE', retryable: false, operation: 'agents.get' });
      expect(failure.error.message).toContain('privilege');
      expect(failure.told).not.toContain(secret);
    });

    test('one that may only read reads, and fails to write with the same error', async () => {
      const url = await urlOfRole('reader', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader');
      await using db = new DatabaseService({ url });
      await db.initialize();
      expect(await db.getAgent('known')).not.toBeNull();
      const writes = [
        () => db.createCertificate(certificateInput()),
        () => db.createAgent(agentInput({ certificateId: 'c' })),
        () => db.updateAgent({ id: 'known', name: 'x' }),
        () => db.deleteAgent('known'),
        () => db.updateCertificateStatus('c', 'SUSPENDED'),
        () => db.recordSecurityEvent(eventInput()),
        () => db.transaction((tx) => tx.recordSecurityEvent(eventInput())),
      ];
      for (const write of writes) {
        const error = await expectError('UNAVAILABLE', write);
        expect(error.retryable).toBe(false);
        expect(error.message).toContain('privilege');
      }
      expect(await db.getAgent('known')).not.toBeNull();
    });

    test('one that may create no tables fails to apply migrations, which leaves nothing', async () => {
      await administer(server.url(), 'CREATE DATABASE bare');
      const url = databaseUrl(await urlOfRole('guest', ''), 'bare');
      const failure = await fail(url, { migrations: 'apply' });
      expectFailure(failure, 'MIGRATION_FAILED', false);
      expect(failure.error.message).toContain('privilege');
      const tables = await administer(server.url('bare'), "SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
      expect(tables).toEqual([]);
    });

    test('a database without tables is SCHEMA_OUTDATED unless migrations are applied', async () => {
      await administer(server.url(), 'CREATE DATABASE empty_one');
      expectFailure(await fail(server.url('empty_one')), 'SCHEMA_OUTDATED', false);
    });
  });

  describe('to a server that cannot take another', () => {
    test('no slot left is UNAVAILABLE, and works when there is one again', async () => {
      const url = await urlOfRole('many', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO many');
      const options: DatabaseOptions = { url, pool: { connectTimeoutMs, maxConnections: slots } };
      // The server takes a moment to notice that the tests before have closed theirs.
      const others = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
      await waitFor(async () => (await administer(migrated, others)).length === 0);
      await using holder = new DatabaseService(options);
      await holder.initialize();
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let inside = 0;
      const holders = Array.from({ length: slots }, () =>
        holder.transaction(async (tx) => {
          await tx.getAgent('known');
          inside += 1;
          await held;
        }),
      );
      await waitFor(() => inside === slots);
      expectFailure(await fail(url), 'UNAVAILABLE', true);
      release();
      await Promise.all(holders);
      await holder.close();
      await using db = new DatabaseService(options);
      await db.initialize();
      expect(await db.getAgent('known')).not.toBeNull();
    });

    test('a server that comes up is UNAVAILABLE until it is there', async () => {
      const slow = await startOwnServer();
      afterTest(() => slow.remove());
      await slow.stop();
      const codes = new Set<string>();
      let isUp = false;
      const attempts = (async () => {
        while (!isUp) {
          const db = new DatabaseService({ url: slow.url(), migrations: 'skip', pool: { connectTimeoutMs } });
          try {
            await db.initialize();
            isUp = true;
          } catch (error) {
            const { code, retryable } = error as { code: string; retryable: boolean };
            codes.add(`${code} ${retryable}`);
          } finally {
            await db.close();
          }
        }
      })();
      await sleep(50);
      await slow.start();
      await attempts;
      expect([...codes]).toEqual(['UNAVAILABLE true']);
    });
  });

  describe('by a URL that is wrong', () => {
    const password = encodeURIComponent(secret);
    test.each([
      `postgresql:ans:${password}@host/db`,
      `postgresql://ans:${password}@host:port/db`,
      `postgresql://ans:${password}@ho st/db`,
      `postgresql://ans:${password}@[::1/db`,
      `postgresql://ans:${password}@host:99999/db`,
      `postgresql://ans:${password}%zz@host/db`,
      `postgresql://ans:${password}@host/db with a space`,
      `postgresql://ans:${password}@127.0.0.1:1/db?schema=`,
      `mysql://ans:${password}@host/db`,
    ])('%s is INVALID_OPTIONS', async (url) => {
      const failure = await failWithUrl(url);
      expectFailure(failure, 'INVALID_OPTIONS', false);
      expect(failure.told).not.toContain(url);
    });

    test.each([`postgresql://ans:${password}@host:port/db`, `mysql://ans:${password}@host/db`])(
      'a replica of %s is INVALID_OPTIONS',
      async (url) => {
        expectFailure(await failWithUrl(migrated, [url]), 'INVALID_OPTIONS', false);
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
      await administer(server.url(), `CREATE DATABASE ${name} ENCODING '${encoding}' ${locale} TEMPLATE template0`);
      const failure = await fail(server.url(name), { migrations: 'apply' });
      expectFailure(failure, 'UNAVAILABLE', false);
      expect(failure.error.message).toContain('UTF8');
      const tables = await administer(server.url(name), "SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
      expect(tables).toEqual([]);
    });
  });

  describe('with a schema in the URL', () => {
    test.each([
      ['other', 'schemas_1'],
      ['Odd one \\ with spaces', 'schemas_2'],
      ['größe', 'schemas_3'],
    ])('%s holds the tables, and public none', async (schema, name) => {
      await administer(server.url(), `CREATE DATABASE ${name}`);
      await administer(server.url(name), `CREATE SCHEMA "${schema.replaceAll('"', '""')}"`);
      const url = `${server.url(name)}?schema=${encodeURIComponent(schema)}`;
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
        server.url(name),
        "SELECT DISTINCT schemaname AS name FROM pg_tables WHERE tablename = 'agents'",
      );
      expect(schemas).toEqual([{ name: schema }]);
    });

    test('one that is not there is SCHEMA_OUTDATED', async () => {
      expectFailure(await fail(`${migrated}?schema=absent`), 'SCHEMA_OUTDATED', false);
    });

    test('beside options of the URL it still counts', async () => {
      await administer(migrated, 'CREATE SCHEMA vacant');
      const url = `${migrated}?schema=vacant&options=${encodeURIComponent('-c geqo=off')}`;
      expectFailure(await fail(url), 'SCHEMA_OUTDATED', false);
    });
  });

  test('passwords with every character that a URL can escape are understood', async () => {
    const password = 'a:b/c?d#e@f%g h\'"\\é€';
    await administer(
      migrated,
      `CREATE ROLE escaped LOGIN PASSWORD '${password.replaceAll("'", "''")}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO escaped`,
    );
    await using db = new DatabaseService({ url: server.url('migrated', { name: 'escaped', password }) });
    await db.initialize();
    expect(await db.getAgent('known')).not.toBeNull();
  });

  test('a setting that the server does not know is INVALID_OPTIONS', async () => {
    const url = `${migrated}?options=${encodeURIComponent('-c no_such_setting=1')}`;
    expectFailure(await fail(url), 'INVALID_OPTIONS', false);
    expectFailure(await fail(`${migrated}?options=${encodeURIComponent('--nonsense')}`), 'INVALID_OPTIONS', false);
    expectFailure(await fail(`${migrated}?options=${encodeURIComponent('-c geqo=maybe')}`), 'INVALID_OPTIONS', false);
  });

  test("a role's own search path is where the tables are, for every call", async () => {
    await administer(server.url(), 'CREATE DATABASE own_path');
    await administer(server.url('own_path'), 'CREATE SCHEMA app');
    const url = `${server.url('own_path')}?options=${encodeURIComponent('-c search_path=app')}`;
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    const id = await db.createCertificate(certificateInput());
    expect(await db.updateCertificateStatus(id, 'SUSPENDED')).toBe(true);
    await db.transaction(async (tx) => expect(await tx.updateCertificateStatus(id, 'REVOKED')).toBe(true));
  });
});

async function waitFor(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('It did not come about');
    await sleep(5);
  }
}
