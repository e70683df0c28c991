import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresqlServer } from '../../scripts/schema-engine/postgresql-server';
import { DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { collectLog } from '../support/collect-log';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate } from '../support/factories';
import { createApplicationHistory } from '../support/migrations';
import { createRole } from '../support/postgresql-role';
import { packageConnections } from '../support/raw-client';
import { changeRaw } from '../support/raw-writer';
import { describeUnless } from '../support/skip';
import {
  afterTest,
  newDatabaseUrl,
  openTestDatabase,
  temporaryDirectory,
  unmigratedDatabaseUrl,
} from '../support/test-database';
import { Authority, type CertificateFiles, TlsFront, whyNoCertificates } from '../support/tls-front';
import { waitUntil } from '../support/wait-until';

test('a failed initialize closes its connections, and its error has a cause', async () => {
  const options = { url: await unmigratedDatabaseUrl(), migrations: 'apply' } as const;
  // An application that uses Prisma Migrate has a table of the same name.
  await createApplicationHistory(options.url, ['20250101000000_agents']);
  await changeRaw({ options }, 'CREATE TABLE agents (name TEXT)');
  const db = new DatabaseService(options);
  afterTest(() => db.close());
  const error = await expectError('MIGRATION_FAILED', () => db.initialize());
  expect(error.cause).toBeDefined();
  // The server notices a moment later that a connection was closed.
  await waitUntil(async () => (await packageConnections(options.url)).length === 0);
  await changeRaw({ options }, 'DROP TABLE agents');
  await db.initialize();
  expect(await db.queryAgents({})).toEqual([]);
});

/** Returns the schema that the connections of the CLI use. */
async function schemaOfCli(url: string): Promise<unknown> {
  const server = new PostgresqlServer(url);
  const client = await server.connect();
  try {
    if (server.schema !== undefined) await server.useSchema(client, server.schema);
    const { rows } = await client.query<{ name: unknown }>('SELECT current_schema() AS name');
    return rows[0]?.name;
  } finally {
    await client.end();
  }
}

describe('the schema of the URL', () => {
  test.each([
    ['public', 'app'],
    ['public', ''],
    ['app', 'public'],
    ['Größe \\ with spaces', 'app'],
    [undefined, 'app'],
  ])(
    'the package and the CLI use the schema of the URL: schema %j, and search path %j of the role',
    async (schema, path) => {
      const owner = await unmigratedDatabaseUrl();
      const grant = (role: string): string =>
        `GRANT ALL ON SCHEMA public TO ${role}; CREATE SCHEMA app AUTHORIZATION ${role};
      ALTER ROLE ${role} SET search_path = ${path === '' ? "''" : path};
      GRANT CREATE ON DATABASE "${new URL(owner).pathname.slice(1)}" TO ${role}`;
      const role = await createRole(owner, grant);
      const url = schema === undefined ? role : `${role}?schema=${encodeURIComponent(schema)}`;
      const { db } = await openTestDatabase({ url, migrations: 'apply' });
      const certificateId = await createCertificate(db);
      expect(await db.updateCertificateStatus(certificateId, 'SUSPENDED')).toBe(true);
      await db.transaction(async (tx) => {
        await tx.createAgent(agentInput({ id: 'a', certificateId, capabilities: ['x'] }));
        expect(await tx.updateCertificateStatus(certificateId, 'VALID')).toBe(true);
      });
      expect(await db.getAgent('a')).toMatchObject({ capabilities: ['x'] });
      const tables = await administer(owner, "SELECT schemaname AS name FROM pg_tables WHERE tablename = 'agents'");
      expect(tables).toEqual([{ name: schema ?? path }]);
      expect(await schemaOfCli(url)).toBe(schema ?? path);
      await openTestDatabase({ url, migrations: 'verify' });
    },
  );
});

test('parameters for Prisma in the URL are ignored, and one warning names them', async () => {
  const { logger, warnings, entries } = collectLog();
  const url = `${await newDatabaseUrl()}?connection_limit=5&pgbouncer=true&connect_timeout=3`;
  await createCertificate((await openTestDatabase({ url, logger })).db);
  expect(warnings).toEqual([expect.stringContaining('ignored URL parameters')]);
  const parameters = ['connection_limit', 'pgbouncer', 'connect_timeout'];
  expect(entries).toContainEqual([{ parameters }, warnings[0]]);
});

test.each(['%24user', 'pg_temp', 'x'.repeat(64), 'a%00b'])(
  'the schema %s in the URL fails with INVALID_OPTIONS',
  async (schema) => {
    const url = `${await newDatabaseUrl()}?schema=${schema}`;
    await expectError('INVALID_OPTIONS', () => new DatabaseService({ url }).initialize());
  },
);

test('an sslcert file without a certificate makes initialize fail with INVALID_OPTIONS', async () => {
  const path = join(temporaryDirectory(), 'client.pem');
  writeFileSync(path, 'no certificate');
  const url = `${await newDatabaseUrl()}?sslmode=verify-full&sslcert=${path}&sslkey=${path}`;
  const error = await expectError('INVALID_OPTIONS', () => new DatabaseService({ url }).initialize());
  expect(error.message).not.toContain(path);
});

/** Validity of an expired certificate, in days from now. */
const expired = -1;

async function startFront(files: CertificateFiles): Promise<{ readonly front: TlsFront; readonly url: string }> {
  const url = await newDatabaseUrl();
  return { front: await TlsFront.start(url, files), url };
}

describeUnless(whyNoCertificates, 'an encrypted connection', () => {
  test('an encrypted connection is accepted when the certificate is valid and its authority is configured', async () => {
    const authority = new Authority();
    const { front, url } = await startFront(authority.issue('localhost', 10));
    const parameters = { sslmode: 'verify-full', sslrootcert: authority.certificate };
    const { db } = await openTestDatabase({ url: front.url(url, 'localhost', parameters) });
    const id = await createCertificate(db);
    expect(await db.getCertificate(id)).not.toBeNull();
  });

  test.each([
    ['has expired', 'localhost', expired, true, /certificate has expired/],
    ['is for another host', 'other.example', 10, true, /certificate is for another host name/],
    ['was issued by an unknown authority', 'localhost', 10, false, /unknown authority.*sslrootcert/],
  ])(
    'an encrypted connection fails with an UNAVAILABLE that is not retryable when the certificate %s',
    async (_, name, days, isTrusted, message) => {
      const authority = new Authority();
      const { front, url } = await startFront(authority.issue(name, days));
      const parameters = {
        sslmode: 'verify-full',
        ...(isTrusted ? { sslrootcert: authority.certificate } : undefined),
      };
      await using db = new DatabaseService({ url: front.url(url, 'localhost', parameters) });
      const error = await expectError('UNAVAILABLE', () => db.initialize());
      expect(error.retryable).toBe(false);
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain(authority.certificate);
    },
  );

  test('calls fail and the circuit breaker opens when the certificate of the server expires during the service', async () => {
    const authority = new Authority();
    const { front, url } = await startFront(authority.issue('localhost', 10));
    const { db, events } = await openTestDatabase({
      url: front.url(url, 'localhost', { sslmode: 'verify-full', sslrootcert: authority.certificate }),
      breaker: { failures: 4, resetMs: 60_000 },
    });
    front.exchange(authority.issue('localhost', expired));
    // The first call finds that its connection is lost, and retries.
    await expectError('UNAVAILABLE', () => db.getCertificate('c'));
    events.length = 0;
    for (let failures = 1; failures < 4; failures += 1) {
      const error = await expectError('UNAVAILABLE', () => db.getCertificate('c'));
      expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('has expired') as unknown });
    }
    const refused = await expectError('UNAVAILABLE', () => db.getCertificate('c'));
    expect(refused.message).toMatch(/circuit breaker is open/);
    expect(events.filter(({ type }) => type === 'breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
    // A call that cannot succeed is not retried.
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
  });
});
