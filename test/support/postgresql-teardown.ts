import { administer } from './administration';
import { testServer, whyNoTestServer } from './test-server';

/** Removes the databases of the tests from a server that TEST_POSTGRESQL_URL names. */
export default async function tearDown(): Promise<void> {
  if (process.env['TEST_POSTGRESQL_URL'] === undefined || whyNoTestServer() !== undefined) return;
  const { url, template } = testServer();
  const sql = `SELECT datname AS name FROM pg_database WHERE starts_with(datname, '${template}')`;
  for (const { name } of await administer(url, sql)) {
    await administer(url, `DROP DATABASE ${String(name)} WITH (FORCE)`);
  }
}
