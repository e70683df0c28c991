import { readdirSync } from 'node:fs';
import { externalEnums, externalTables, prismaConfig } from '../../src/prisma-config';
import { engine, onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { migrationNames } from '../support/migrations';
import { queryRaw } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

const tablesSql = {
  sqlite: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
  postgresql: "SELECT 'public.' || tablename AS name FROM pg_tables WHERE schemaname = 'public'",
};
const enumsSql = {
  sqlite: 'SELECT NULL AS name WHERE 0',
  postgresql: `SELECT 'public.' || typname AS name FROM pg_type
    WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace`,
};

test('externalTables and externalEnums return all tables and enumerations that the migrations create', async () => {
  const { options } = await openTestDatabase();
  const [tables = [], enums = []] = await queryRaw({ options }, tablesSql[engine], enumsSql[engine]);
  const names = tables.map(({ name }) => String(name)).filter((name) => !name.endsWith('_prisma_migrations'));
  expect(externalTables(options.url).sort()).toEqual(names.sort());
  expect(externalEnums(options.url).sort()).toEqual(enums.map(({ name }) => name).sort());
  if (onPostgresql) expect(externalTables(`${options.url}?schema=own`)).toContain('own.agents');
});

test('prismaConfig returns the schema, the migrations and the absolute URL of the database, and refuses other URLs', async () => {
  const { options } = await openTestDatabase();
  const { schema, migrations, datasource } = prismaConfig({ url: options.url, shadowDatabaseUrl: 'shadow' });
  expect(schema).toMatch(onPostgresql ? /\/prisma\/postgresql\/schema\.prisma$/ : /[^l]\/schema\.prisma$/);
  expect(readdirSync(migrations.path)).toEqual([...migrationNames, 'migration_lock.toml']);
  const url = onPostgresql ? options.url : options.url.replace('file:', 'file://');
  expect(datasource).toEqual({ url, shadowDatabaseUrl: 'shadow' });
  for (const unusable of [':memory:', 'mysql://ans:sEcr3t@db/ans']) {
    const error = await expectError('INVALID_OPTIONS', () => prismaConfig({ url: unusable }));
    expect(error.message).toMatch(/^Failed to configure Prisma: url must /);
  }
});
