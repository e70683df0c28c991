import { randomBytes } from 'node:crypto';
import { administer, databaseUrl } from '../support/administration';
import { codeBlocksOf } from '../support/documentation-pages';
import { dropDatabase, spoilDatabase } from '../support/postgresql-databases';
import { afterTest, newDatabaseUrl, openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';
import { testServer } from '../support/test-server';

/** Runs the only SQL block of a page, one statement at a time. `rename` changes names of roles, which all databases share. */
async function runSqlOf(page: string, url: string, rename = (sql: string): string => sql): Promise<void> {
  const [block, ...others] = codeBlocksOf(page).filter(({ language }) => language === 'sql');
  expect([page, others]).toEqual([page, []]);
  const statements = rename(block?.code ?? '').split(/;\n/);
  for (const statement of statements.filter((text) => text.trim() !== '')) await administer(url, statement);
}

function urlFor(role: string, url: string): string {
  const changed = new URL(url);
  [changed.username, changed.password] = [role, 'secret'];
  return changed.href;
}

test('the SQL of docs/getting-started.md creates a role and a database for the migrations', async () => {
  const name = `ans_docs_${randomBytes(4).toString('hex')}`;
  const { url: server } = testServer();
  afterTest(() => administer(server, `DROP ROLE IF EXISTS ${name}`).then(() => undefined));
  await runSqlOf('docs/getting-started.md', server, (sql) => sql.replaceAll(/\bans\b/g, name));
  const url = urlFor(name, databaseUrl(server, name));
  afterTest(() => dropDatabase(url));
  const { db } = await openTestDatabase({ url, migrations: 'apply' });
  expect(await db.check()).toMatchObject({ ok: true });
});

test('the SQL of docs/multi-tenancy.md creates a schema and a role for the migrations', async () => {
  const name = `tenant_${randomBytes(4).toString('hex')}`;
  const owner = await unmigratedDatabaseUrl();
  afterTest(() => administer(owner, `DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`).then(() => undefined));
  await runSqlOf('docs/multi-tenancy.md', owner, (sql) => sql.replaceAll('tenant_a', name));
  const { db } = await openTestDatabase({ url: `${urlFor(name, owner)}?schema=${name}`, migrations: 'apply' });
  expect(await db.check()).toMatchObject({ ok: true });
});

test('the SQL of docs/postgresql.md adds the index of names to a database without the extension', async () => {
  const url = await newDatabaseUrl();
  spoilDatabase(url);
  await administer(url, 'DROP EXTENSION pg_trgm CASCADE');
  await runSqlOf('docs/postgresql.md', url);
  const indexes = await administer(url, "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%gin_trgm_ops%'");
  expect(indexes).toEqual([{ indexname: 'idx_agents_name_folded' }]);
});
