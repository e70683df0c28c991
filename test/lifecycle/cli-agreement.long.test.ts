import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engine, onPostgresql } from '../support/engine';
import { applyMigrations, migrationNames, packageMigrations, readHistoryRows } from '../support/migrations';
import { exited, packageRoot, PrismaProject } from '../support/prisma-cli';
import { queryRaw, type RawRow } from '../support/raw-reader';
import { tableNames } from '../support/tables';
import { afterTest, unmigratedDatabaseUrl } from '../support/test-database';

// Each command starts two or three processes.
jest.setTimeout(300_000);

const folder = join(packageRoot, onPostgresql ? 'prisma/postgresql' : 'prisma');

async function useDatabase(project: PrismaProject): Promise<PrismaProject> {
  afterTest(() => project.dispose());
  project.databaseUrl = await unmigratedDatabaseUrl();
  return project;
}

/** Returns the history without the values that differ from run to run, and the definition of its table. */
async function describeHistory(url: string): Promise<unknown> {
  const constant = ({ id, started_at, finished_at, ...row }: RawRow) => ({
    ...row,
    types: [id, started_at, finished_at].map((value) => typeof value),
    idLength: String(id).length,
  });
  const table = onPostgresql
    ? `SELECT column_name, data_type, character_maximum_length, is_nullable, column_default
        FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`
    : "SELECT sql FROM sqlite_schema WHERE name = '_prisma_migrations'";
  const [definition] = await queryRaw({ options: { url } }, table);
  return { rows: (await readHistoryRows(url)).map(constant), definition };
}

test('Prisma Migrate finds nothing pending and no drift in a database that the runner migrated', async () => {
  const project = await useDatabase(PrismaProject.ofPackage());
  await applyMigrations(project.databaseUrl, packageMigrations);
  const before = await readHistoryRows(project.databaseUrl);
  const diff = `migrate diff --from-config-datasource --to-schema ${join(folder, 'schema.prisma')} --exit-code`;

  expect(await project.run('migrate status')).toMatchObject(exited(0, 'Database schema is up to date!'));
  expect(await project.run('migrate deploy')).toMatchObject(exited(0, 'No pending migrations to apply.'));
  expect(await project.run(diff)).toMatchObject(exited(0, 'No difference detected.'));
  // This command also replays the migrations and compares the checksums.
  expect(await project.run('migrate dev')).toMatchObject(exited(0, 'Already in sync'));
  expect(await readHistoryRows(project.databaseUrl)).toEqual(before);
});

test('the runner finds nothing pending in a database that Prisma Migrate deployed, and records the same values', async () => {
  const project = await useDatabase(PrismaProject.ofPackage());
  const deploy = await project.run('migrate deploy');
  expect(deploy).toMatchObject(exited(0, 'All migrations have been successfully applied.'));
  expect(await applyMigrations(project.databaseUrl, packageMigrations)).toEqual([]);

  const other = await unmigratedDatabaseUrl();
  expect(await applyMigrations(other, packageMigrations)).toEqual(migrationNames);
  expect(await describeHistory(project.databaseUrl)).toEqual(await describeHistory(other));
});

/** Returns the part of the application's prisma.config.ts that docs/your-own-tables.md shows. */
function externalObjects(): string {
  if (!onPostgresql) {
    const search = ['', '_search', '_search_config', '_search_data', '_search_idx'].map((part) => `agent_names${part}`);
    return `tables: { external: ${JSON.stringify([...tableNames, ...search])} }`;
  }
  const enums = [...readFileSync(join(folder, 'schema.prisma'), 'utf8').matchAll(/^enum (\w+)/gm)].map(
    ([, name]) => name,
  );
  const qualify = (names: readonly unknown[]) => JSON.stringify(names.map((name) => `public.${String(name)}`));
  return `tables: { external: ${qualify(tableNames)} }, enums: { external: ${qualify(enums)} }`;
}

test('an application can apply its own migrations to a database with those of this package', async () => {
  const project = await useDatabase(PrismaProject.withModels('model Note {\n  id Int @id\n}', engine));
  project.writeMigration('20990101000000_notes', 'CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY);\n');
  await applyMigrations(project.databaseUrl, packageMigrations);
  expect(await project.run('migrate deploy')).toMatchObject(exited(0, 'have been successfully applied.'));
  expect(await project.run('migrate status')).toMatchObject(exited(0, 'Database schema is up to date!'));

  // For migrate dev, the application has the migrations of this package, too.
  for (const name of migrationNames) {
    cpSync(join(folder, 'migrations', name), join(project.directory, 'migrations', name), { recursive: true });
  }
  const config = `import base from './prisma.config.base';\nexport default { ...base, experimental: { externalTables: true },
    ${externalObjects()} };\n`;
  const base = readFileSync(join(project.directory, 'prisma.config.ts'), 'utf8');
  project.write('prisma.config.base.ts', base);
  project.write('prisma.config.ts', config);

  expect(await project.run('migrate dev --name no_change')).toMatchObject(exited(0, 'Already in sync'));
  expect(await applyMigrations(project.databaseUrl, packageMigrations)).toEqual([]);
});
