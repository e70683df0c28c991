import { join } from 'node:path';
import { onPostgresql } from '../support/engine';
import { applyMigrations, migrationNames, packageMigrations, readHistoryRows } from '../support/migrations';
import { exited, packageRoot, PrismaProject } from '../support/prisma-cli';
import { queryRaw, type RawRow } from '../support/raw-reader';
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

test('Prisma Migrate finds no pending migration and no drift in a database that the migration runner migrated', async () => {
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

test('the migration runner finds no pending migration in a database that Prisma Migrate deployed', async () => {
  const project = await useDatabase(PrismaProject.ofPackage());
  const deploy = await project.run('migrate deploy');
  expect(deploy).toMatchObject(exited(0, 'All migrations have been successfully applied.'));
  expect(await applyMigrations(project.databaseUrl, packageMigrations)).toEqual([]);

  const other = await unmigratedDatabaseUrl();
  expect(await applyMigrations(other, packageMigrations)).toEqual(migrationNames);
  expect(await describeHistory(project.databaseUrl)).toEqual(await describeHistory(other));
});
