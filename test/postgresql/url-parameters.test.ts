import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService, type DatabaseOptions } from '../../src';
import { PostgresqlServer } from '../../scripts/schema-engine/postgresql-server';
import { administer } from '../support/administration';
import { collectLog } from '../support/collect-log';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate } from '../support/factories';
import { createRole } from '../support/postgresql-role';
import { afterTest, newDatabaseUrl, temporaryDirectory, unmigratedDatabaseUrl } from '../support/test-database';

async function open(options: DatabaseOptions): Promise<DatabaseService> {
  const db = new DatabaseService(options);
  afterTest(() => db.close());
  await db.initialize();
  return db;
}

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
  ])('%j is used by the package and the CLI when the search path of the role is %j', async (schema, path) => {
    const owner = await unmigratedDatabaseUrl();
    const grant = (role: string): string =>
      `GRANT ALL ON SCHEMA public TO ${role}; CREATE SCHEMA app AUTHORIZATION ${role};
      ALTER ROLE ${role} SET search_path = ${path === '' ? "''" : path};
      GRANT CREATE ON DATABASE "${new URL(owner).pathname.slice(1)}" TO ${role}`;
    const role = await createRole(owner, grant);
    const url = schema === undefined ? role : `${role}?schema=${encodeURIComponent(schema)}`;
    const db = await open({ url, migrations: 'apply' });
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
    await open({ url, migrations: 'verify' });
  });
});

test('parameters of Prisma are ignored with one warning that names them', async () => {
  const { logger, warnings, entries } = collectLog();
  const url = `${await newDatabaseUrl()}?connection_limit=5&pgbouncer=true&connect_timeout=3`;
  await createCertificate(await open({ url, logger }));
  expect(warnings).toEqual([expect.stringContaining('ignored URL parameters')]);
  const parameters = ['connection_limit', 'pgbouncer', 'connect_timeout'];
  expect(entries).toContainEqual([{ parameters }, warnings[0]]);
});

test.each(['sslmode=bogus', 'schema=a&schema=b', 'shema=app', 'query_timeout=soon'])(
  '%s fails with INVALID_OPTIONS that names it, for the primary and for a replica',
  async (parameters) => {
    const url = await newDatabaseUrl();
    const wrong = `${url}?${parameters}`;
    const name = parameters.split('=')[0] ?? '';
    for (const options of [{ url: wrong }, { url, replicaUrls: [wrong] }]) {
      const error = await expectError('INVALID_OPTIONS', () => new DatabaseService(options).initialize());
      expect(error.message).toContain(name);
      expect(error.message).not.toMatch(/bogus|soon/);
    }
  },
);

test.each(['%24user', 'pg_temp', 'x'.repeat(64), 'a%00b'])(
  'the schema %s fails with INVALID_OPTIONS',
  async (schema) => {
    const url = `${await newDatabaseUrl()}?schema=${schema}`;
    await expectError('INVALID_OPTIONS', () => new DatabaseService({ url }).initialize());
  },
);

test('a certificate file without a certificate fails with INVALID_OPTIONS', async () => {
  const path = join(temporaryDirectory(), 'client.pem');
  writeFileSync(path, 'no certificate');
  const url = `${await newDatabaseUrl()}?sslmode=verify-full&sslcert=${path}&sslkey=${path}`;
  const error = await expectError('INVALID_OPTIONS', () => new DatabaseService({ url }).initialize());
  expect(error.message).not.toContain(path);
});
