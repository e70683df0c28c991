import { administer, databaseUrl } from '../support/administration';
import { dropDatabase } from '../support/postgresql-databases';
import { PrismaProject } from '../support/prisma-cli';
import { afterTest, unmigratedDatabaseUrl } from '../support/test-database';
import { testServer } from '../support/test-server';

/** The package's own schema and migrations, on a database of the test's own without tables. */
export async function projectOfPackage(): Promise<PrismaProject> {
  return onDatabase(PrismaProject.ofPackage(), await unmigratedDatabaseUrl());
}

/** Another schema, with migrations of its own. */
export async function projectWithModels(models: string): Promise<PrismaProject> {
  return onDatabase(PrismaProject.withModels(models, 'postgresql'), await unmigratedDatabaseUrl());
}

/** Returns the URL of a database that does not exist yet; if a command creates it, it is dropped after the test. */
export function absentDatabaseUrl(name: string): string {
  const { url, template } = testServer();
  const absent = databaseUrl(url, `${template}_${name}`);
  afterTest(() => dropDatabase(absent));
  return absent;
}

/** The databases that Prisma makes to replay migrations on, and should have dropped. */
export function shadowDatabases(): Promise<Record<string, unknown>[]> {
  return administer(testServer().url, "SELECT datname FROM pg_database WHERE datname LIKE 'prisma_migrate_shadow%'");
}

function onDatabase(project: PrismaProject, url: string): PrismaProject {
  afterTest(() => project.dispose());
  project.databaseUrl = url;
  return project;
}
