import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { withMigrationTransaction } from '../../src/engines/postgresql/migrations/apply';
import { applyPending } from '../../src/migrations/runner';
import { applyMigrations, migrationNames, packageMigrations, testMigration } from '../support/migrations';
import { connectRaw, runRaw } from '../support/raw-client';
import { unmigratedDatabaseUrl } from '../support/test-database';

const first = testMigration('20260101000000_ans_notes', 'CREATE TABLE notes (id INTEGER PRIMARY KEY);');
const second = '20260102000000_ans_second';

let url: string;
beforeEach(async () => (url = await unmigratedDatabaseUrl()));

const tables = async () => {
  const [rows] = await runRaw(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
  return rows?.map(({ tablename }) => tablename);
};

test('migrations are applied to an empty database that has an extension with tables and views', async () => {
  await runRaw(url, 'CREATE EXTENSION pg_buffercache');
  await expect(applyMigrations(url, packageMigrations)).resolves.toEqual(migrationNames);
});

test('migrations create the schema of the connections when it is missing', async () => {
  const schema = 'odd "Name';
  const client = await connectRaw(url);
  await client.query("SELECT set_config('search_path', $1, false)", [client.escapeIdentifier(schema)]);
  const applied = await withMigrationTransaction(client, { lockTimeoutMs: 5_000, schema }, (transaction) =>
    applyPending(transaction, packageMigrations),
  );
  expect(applied).toEqual(migrationNames);
  const [schemas] = await runRaw(url, "SELECT schemaname FROM pg_tables WHERE tablename = 'agents'");
  expect(schemas).toEqual([{ schemaname: schema }]);
});

test('a migration may contain a function whose body contains semicolons', async () => {
  const sql = "CREATE TABLE more (text TEXT); DO $$ BEGIN INSERT INTO more VALUES ('a;b'); END $$;";
  await applyMigrations(url, [testMigration(second, sql)]);
  expect(await runRaw(url, 'SELECT text FROM more')).toEqual([[{ text: 'a;b' }]]);
});

test('a migration whose connection breaks fails with the error of the driver and changes nothing', async () => {
  const fatal = testMigration(second, 'SELECT pg_terminate_backend(pg_backend_pid());');
  await expect(applyMigrations(url, [first, fatal])).rejects.toMatchObject({ code: '57P01' });
  expect(await tables()).toEqual([]);
});

describe('a database that another connection migrates at the same time', () => {
  let other: Client;

  beforeEach(async () => {
    other = await connectRaw(url);
    // Prisma's CLI takes this lock for as long as it is connected.
    await other.query('SELECT pg_advisory_lock(72707369)');
  });

  test('a migration starts after another connection has ended its migration of the same database', async () => {
    const waiting = applyMigrations(url, [first]);
    await sleep(100);
    expect(await tables()).toEqual([]);
    await other.end();
    await expect(waiting).resolves.toEqual([first.name]);
  });

  test('a migration fails with BUSY when another connection does not release the migration lock in time', async () => {
    await expect(applyMigrations(url, [first], 50)).rejects.toMatchObject({ code: 'BUSY' });
    await expect(applyMigrations(url, [first], 0)).rejects.toMatchObject({ code: 'BUSY' });
  });
});

test('a migration fails with BUSY when another connection locks its table for longer than the time limit', async () => {
  await applyMigrations(url, [first]);
  const other = await connectRaw(url);
  await other.query('BEGIN; LOCK TABLE notes');
  const change = testMigration(second, 'ALTER TABLE notes ADD COLUMN text TEXT;');
  await expect(applyMigrations(url, [first, change], 50)).rejects.toMatchObject({ code: 'BUSY' });
});

test('no migration of the package contains a statement that ends a transaction', () => {
  const scripts = packageMigrations.map(({ sql }) => sql.replace(/--.*|\$\$[^]*?\$\$/g, '')).join('\n');
  expect(scripts).not.toMatch(/^\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|CREATE INDEX CONCURRENTLY|VACUUM)\b/im);
});
