import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { DatabaseService } from '../../src';
import { applyPostgresqlMigrations } from '../../src/migrations/apply-postgresql-migrations';
import { inspectPostgresqlMigrations } from '../../src/migrations/inspect-postgresql-migrations';
import { queryOn } from '../../src/migrations/postgresql-query';
import { readShippedMigrations, type ShippedMigration } from '../../src/migrations/shipped-migrations';
import { expectError } from '../support/expect-error';
import { packageRoot } from '../support/prisma-cli';
import { runRaw } from '../support/raw-client';
import { afterTest, unmigratedDatabaseUrl } from '../support/test-database';
import { createRole } from '../support/postgresql-role';

const shipped = readShippedMigrations('postgresql');
const names = shipped.map(({ name }) => name);
const first = { name: '20260101000000_notes', sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY);' };
const second = {
  name: '20260102000000_more',
  // A semicolon that ends nothing, as in the body of a function.
  sql: "CREATE TABLE more (text TEXT); DO $$ BEGIN INSERT INTO more VALUES ('a;b'); END $$;",
};

let url: string;
let client: Client;

beforeEach(async () => {
  url = await unmigratedDatabaseUrl();
  client = await connect();
});

async function connect(): Promise<Client> {
  const connected = new Client(url);
  afterTest(() => connected.end());
  return connected.connect();
}

const apply = (migrations: readonly ShippedMigration[], lockTimeoutMs = 5_000) =>
  applyPostgresqlMigrations(client, { shipped: migrations, lockTimeoutMs });
const inspect = (migrations: readonly ShippedMigration[]) => inspectPostgresqlMigrations(queryOn(client), migrations);
const tables = async () => {
  const [rows] = await runRaw(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
  return rows?.map(({ tablename }) => tablename);
};

describe('a fresh database', () => {
  test('gets all migrations, in order, and nothing more the next time', async () => {
    await expect(apply(shipped)).resolves.toEqual(names);
    await expect(apply(shipped)).resolves.toEqual([]);
    expect(await inspect(shipped)).toEqual({ applied: names, pending: [], unknown: [], failed: [] });
  });

  test('gets the migrations once when ten processes open it at once; those that find none pending load no engine', async () => {
    const run = promisify(execFile);
    const program = join(packageRoot, 'test/support/apply-postgresql-migrations-process.ts');
    const start = () => run(process.execPath, ['--import', 'tsx', program, url], { cwd: packageRoot });

    const outputs = await Promise.all(Array.from({ length: 10 }, start));

    const reports = outputs.map(({ stdout }): unknown => JSON.parse(stdout));
    const idle = { applied: [], isEngineLoaded: false, isHeldUp: false };
    expect(reports.filter((report) => JSON.stringify(report) === JSON.stringify(idle))).toHaveLength(9);
    expect(reports).toContainEqual({ applied: names, isEngineLoaded: true, isHeldUp: false });
    expect((await inspect(shipped)).applied).toEqual(names);
  });

  test('may hold what an extension brings along', async () => {
    await runRaw(url, 'CREATE EXTENSION pg_buffercache');
    await expect(apply([first])).resolves.toEqual([first.name]);
  });

  test('gets the schema that its connections use, where it is not there yet', async () => {
    const schema = 'odd "Name';
    await client.query("SELECT set_config('search_path', $1, false)", [client.escapeIdentifier(schema)]);
    await expect(applyPostgresqlMigrations(client, { shipped, lockTimeoutMs: 5_000, schema })).resolves.toEqual(names);
    const [schemas] = await runRaw(url, "SELECT schemaname FROM pg_tables WHERE tablename = 'agents'");
    expect(schemas).toEqual([{ schemaname: schema }]);
  });
});

test('a database that is behind gets what it lacks', async () => {
  await apply([first]);
  expect(await inspect([first, second])).toMatchObject({ applied: [first.name], pending: [second.name] });
  await expect(apply([first, second])).resolves.toEqual([second.name]);
  expect(await runRaw(url, 'SELECT text FROM more')).toEqual([[{ text: 'a;b' }]]);
});

test('a database of a newer package is left alone', async () => {
  await apply([first, second]);
  await expect(apply([first])).rejects.toMatchObject({
    reason: 'too-new',
    message: expect.stringContaining(second.name) as unknown,
  });
});

test('a migration that failed before stands in the way, until it is marked as rolled back', async () => {
  await apply([first]);
  await runRaw(
    url,
    `INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '${second.name}')`,
  );
  expect(await inspect([first, second])).toMatchObject({ failed: [second.name], pending: [] });
  await expect(apply([first, second])).rejects.toMatchObject({ reason: 'failed-before' });

  await runRaw(url, "UPDATE _prisma_migrations SET rolled_back_at = started_at WHERE id = 'x'");
  await expect(apply([first, second])).resolves.toEqual([second.name]);
});

describe('a migration that fails', () => {
  const broken = {
    name: '20260103000000_broken',
    sql: 'CREATE TABLE half (id INTEGER); INSERT INTO missing VALUES (1);',
  };

  test('leaves nothing: neither of its own, nor of those before it, nor in the history', async () => {
    await apply([first]);

    await expect(apply([first, second, broken])).rejects.toMatchObject({
      reason: 'failed',
      message: `migration ${broken.name} failed`,
      cause: expect.objectContaining({ code: '42P01' }) as unknown,
    });

    expect(await tables()).toEqual(['_prisma_migrations', 'notes']);
    expect(await inspect([first, second, broken])).toMatchObject({ applied: [first.name], failed: [] });
    await expect(apply([first, second])).resolves.toEqual([second.name]);
  });

  test('leaves no history where there was none', async () => {
    await expect(apply([broken])).rejects.toMatchObject({ reason: 'failed' });
    expect(await tables()).toEqual([]);
  });

  test('because the connection breaks is told as that', async () => {
    const fatal = { name: '20260103000000_fatal', sql: 'SELECT pg_terminate_backend(pg_backend_pid());' };
    await expect(apply([first, fatal])).rejects.toMatchObject({ code: '57P01' });
    expect(await tables()).toEqual([]);
  });
});

test('a database with tables and no history is refused, and stays as it is', async () => {
  await runRaw(url, 'CREATE TABLE agents (id INTEGER PRIMARY KEY)');
  await expect(apply(shipped)).rejects.toMatchObject({ reason: 'not-empty' });
  expect(await tables()).toEqual(['agents']);
});

test('a role that may not create tables or read the history fails with PERMISSION_DENIED', async () => {
  const db = new DatabaseService({
    url: await createRole(url, () => 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'),
    migrations: 'apply',
  });
  afterTest(() => db.close());
  const error = await expectError('PERMISSION_DENIED', () => db.initialize());
  expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('lacks a privilege') as unknown });
  expect(await tables()).toEqual([]);

  await apply([first]);
  const unreadable = await expectError('PERMISSION_DENIED', () => db.initialize());
  expect(unreadable.message).toContain('may not read the migration history');
});

describe('a database that another connection is migrating', () => {
  let other: Client;

  beforeEach(async () => {
    other = await connect();
    // As Prisma's CLI does, for as long as it is connected.
    await other.query('SELECT pg_advisory_lock(72707369)');
  });

  test('is waited for', async () => {
    const waiting = apply([first]);
    await sleep(100);
    expect(await tables()).toEqual([]);
    await other.end();
    await expect(waiting).resolves.toEqual([first.name]);
  });

  test('is given up after the time to wait', async () => {
    await expect(apply([first], 50)).rejects.toMatchObject({ reason: 'busy' });
    await expect(apply([first], 0)).rejects.toMatchObject({ reason: 'busy' });
  });
});

test('a table that another connection has locked is waited for no longer than a lock of the database', async () => {
  await apply([first]);
  const other = await connect();
  await other.query('BEGIN; LOCK TABLE notes');
  const change = { name: second.name, sql: 'ALTER TABLE notes ADD COLUMN text TEXT;' };
  await expect(apply([first, change], 50)).rejects.toMatchObject({ reason: 'busy' });
});

test('no shipped migration ends the transaction that all of them are', () => {
  const scripts = shipped.map(({ sql }) => sql.replace(/--.*|\$\$[^]*?\$\$/g, '')).join('\n');
  expect(scripts).not.toMatch(/^\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|CREATE INDEX CONCURRENTLY|VACUUM)\b/im);
});
