import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { administer, databaseUrl } from '../support/administration';
import { engine, onPostgresql } from '../support/engine';
import { createInitialDatabase } from '../support/initial-schema';
import { dropDatabase } from '../support/postgresql-databases';
import { createRole } from '../support/postgresql-role';
import { exited, packageRoot, PrismaProject, projectOfPackage, projectWithModels } from '../support/prisma-cli';
import { describeOn, testOn } from '../support/skip';
import { afterTest } from '../support/test-database';
import { testServer } from '../support/test-server';

// Each command starts two or three processes.
jest.setTimeout(180_000);

const notes = '20260101000000_notes';
const models = 'model Note {\n  id Int @id\n  text String\n}';
const createNotes = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "text" TEXT NOT NULL);\n';

const triggers = {
  sqlite: `CREATE TRIGGER trim AFTER INSERT ON "Note" BEGIN
      UPDATE "Note" SET text = CASE WHEN text = '' THEN '' ELSE trim(text) END WHERE id = new.id;
    END;`,
  postgresql: `CREATE FUNCTION trim_text() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.text := trim(NEW.text);
      RETURN NEW;
    END
    $$;
    CREATE TRIGGER trim BEFORE INSERT ON "Note" FOR EACH ROW EXECUTE FUNCTION trim_text();`,
};

const triggerScript = `
-- A comment with a semicolon; and a quote's apostrophe.
${triggers[engine]}
INSERT INTO "Note" (id, text) VALUES (1, ' a;b ');
`;

/** Returns the databases that Prisma creates to replay migrations, and should have dropped. */
async function shadowDatabases(): Promise<unknown[]> {
  if (!onPostgresql) return [];
  const sql = "SELECT datname FROM pg_database WHERE datname LIKE 'prisma_migrate_shadow%'";
  return administer(testServer().url, sql);
}

let shadowsBefore: unknown[];
beforeEach(async () => (shadowsBefore = await shadowDatabases()));
afterEach(async () => expect(await shadowDatabases()).toEqual(shadowsBefore));

test('migrate deploy creates a missing database, which migrate status only reports', async () => {
  const project = PrismaProject.ofPackage();
  if (onPostgresql) {
    const { url, template } = testServer();
    project.databaseUrl = databaseUrl(url, `${template}_made`);
    afterTest(() => dropDatabase(project.databaseUrl));
  }
  const missing = /P1003: Database `(test\.sqlite|ans_test_\w+_made)` does not exist/;
  expect(await project.run('migrate status')).toMatchObject(exited(1, missing));
  expect(existsSync(project.databasePath)).toBe(false);
  const deploy = await project.run('migrate deploy');
  expect(deploy).toMatchObject(exited(0, 'All migrations have been successfully applied.'));
});

test('migrate dev applies a schema change, status lists pending migrations, and dev and diff report drift', async () => {
  const project = await projectWithModels(models);
  project.writeMigration(notes, createNotes);
  project.writeSchema(models.replace('text String', 'text String\n  read Boolean @default(false)'));
  const dev = await project.run('migrate dev --name read');
  expect(dev).toMatchObject(exited(0, 'Your database is now in sync with your schema.'));
  expect(await project.sql('SELECT read FROM "Note"')).toEqual([]);
  expect(await project.sql('SELECT migration_name FROM _prisma_migrations')).toHaveLength(2);

  project.writeMigration('29990101000000_trim', triggerScript);
  await project.sql('CREATE TABLE stray (id INTEGER PRIMARY KEY)');
  const [status, drifted, diff] = await Promise.all([
    project.run('migrate status'),
    project.run('migrate dev'),
    project.run('migrate diff --from-migrations migrations --to-config-datasource --exit-code'),
  ]);
  expect(status).toMatchObject(exited(1, /have not yet been applied:\s+29990101000000_trim/));
  expect(drifted).toMatchObject(exited(130, /Drift detected[^]*\[\+\] Added tables\s+- stray/));
  expect(diff).toMatchObject(exited(2, 'stray'));

  expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
  await project.sql(`INSERT INTO "Note" (id, text) VALUES (2, ' b; ')`);
  const texts = await project.sql('SELECT text FROM "Note" ORDER BY id');
  expect(texts).toEqual([{ text: 'a;b' }, { text: 'b;' }]);
});

test('migrate deploy rolls back a failed migration, and applies its corrected version only after migrate resolve', async () => {
  const project = await projectWithModels(models);
  project.writeMigration(notes, `${createNotes}INSERT INTO missing VALUES (1);\n`);
  const failed = await project.run('migrate deploy');
  expect(failed).toMatchObject(exited(1, /Error: P3018[^]*Migration name: 20260101000000_notes/));
  expect(failed.output).toMatch(/Database error code: (1|42P01)[^]*(no such table: missing|"missing" does not exist)/);
  expect(await project.tables()).toEqual(['_prisma_migrations']);

  const [status, again, dev] = await Promise.all([
    project.run('migrate status'),
    project.run('migrate deploy'),
    project.run('migrate dev'),
  ]);
  expect(status).toMatchObject(exited(1, `have failed:\n${notes}`));
  expect(again).toMatchObject(exited(1, 'Error: P3009'));
  expect(dev).toMatchObject(
    exited(1, /P3006[^]*`20260101000000_notes` failed to apply cleanly to the shadow database/),
  );

  const resolve = await project.run(`migrate resolve --rolled-back ${notes}`);
  expect(resolve.output).toContain(`Migration ${notes} marked as rolled back.`);
  project.writeMigration(notes, createNotes);
  expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
  expect(await project.sql('SELECT * FROM "Note"')).toEqual([]);
});

test('migrate deploy fails with P3005 when tables exist without a history, until migrate resolve --applied', async () => {
  const project = await projectWithModels(models);
  project.writeMigration(notes, createNotes);
  await project.sql(createNotes);
  expect(await project.run('migrate deploy')).toMatchObject(exited(1, 'Error: P3005'));
  expect(await project.run(`migrate resolve --applied ${notes}`)).toMatchObject({ exitCode: 0 });
  const finished = 'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL';
  expect(await project.sql(finished)).toEqual([{ migration_name: notes }]);
});

testOn('sqlite', 'migrate deploy keeps the rows of a database with the initial schema', async () => {
  const project = PrismaProject.ofPackage();
  const rows = `
    INSERT INTO certificates VALUES ('c1', 'CN=a', 'CN=ca', 1, 2, 'pk', 'pem', 'AA:BB', 'VALID', 3);
    INSERT INTO agents VALUES ('a1', 'Agent', 'pk', 'c1', 'e1', '1.0.0', NULL, 1, 2, 3, 'ACTIVE', 'owner');
    INSERT INTO endpoints VALUES ('e1', 'a1', 'https', 'host', 443, 'HEALTHY', 1, NULL);
    INSERT INTO endpoints VALUES ('e2', 'gone', 'https', 'host', 443, 'HEALTHY', 1, NULL);
    INSERT INTO agent_metadata VALUES ('a1', 'greeting', 'say "hi"'), ('gone', 'k', 'v');`;
  copyFileSync(createInitialDatabase(rows), project.databasePath);
  await project.run('migrate resolve --applied 20261123000000_ans_initial');
  expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
  const agents = await project.sql('SELECT id, default_endpoint_id FROM agents');
  expect(agents).toEqual([{ id: 'a1', default_endpoint_id: 'e1' }]);
  expect(await project.sql('SELECT id, position FROM endpoints')).toEqual([{ id: 'e1', position: 0 }]);
  expect(await project.sql('SELECT value FROM agent_metadata')).toEqual([{ value: '"say \\"hi\\""' }]);
  expect(await project.sql('SELECT fingerprint_key FROM certificates')).toEqual([{ fingerprint_key: 'aabb' }]);
  expect(await project.sql('PRAGMA foreign_key_check')).toEqual([]);
});

describeOn('postgresql', 'prisma migrate on PostgreSQL', () => {
  test('migrate deploy works without the privilege to create databases and extensions, but migrate dev needs a shadow database', async () => {
    const [project, shadowProject] = [await projectOfPackage(), await projectOfPackage()];
    const privileges = (role: string) => `GRANT CREATE ON SCHEMA public TO ${role}`;
    const url = project.databaseUrl;
    project.databaseUrl = await createRole(url, privileges);
    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    expect(await administer(url, "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")).toEqual([]);

    const itself = project.databaseUrl.replace('127.0.0.1', 'localhost');
    const [dev, devOnShadow, devOnItself] = await Promise.all([
      project.run('migrate dev'),
      project.run('migrate dev', { env: { SHADOW_DATABASE_URL: shadowProject.databaseUrl } }),
      project.run('migrate dev', { env: { SHADOW_DATABASE_URL: itself } }),
    ]);
    expect(devOnItself).toMatchObject(exited(1, /P3014[^]*the database itself/));
    expect(dev).toMatchObject(exited(1, /P3014[^]*could not create the shadow database[^]*42501/));
    expect(devOnShadow).toMatchObject(exited(0, 'Already in sync, no schema change or pending migration was found.'));
  });

  test('migrate dev creates the schema that the URL names and all its tables', async () => {
    const project = await projectOfPackage();
    const url = project.databaseUrl;
    project.databaseUrl = `${url}?schema=${encodeURIComponent('other One')}`;
    expect(await project.run('migrate dev')).toMatchObject(exited(0, 'Your database is now in sync with your schema.'));
    const sql = "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname !~ '^(pg|info)'";
    expect(await administer(url, sql)).toEqual([{ schemaname: 'other One' }]);
  });

  test('the migrations folder has a migration_lock.toml that names the provider postgresql', () => {
    const lock = readFileSync(join(packageRoot, 'prisma/postgresql/migrations/migration_lock.toml'), 'utf8');
    expect(lock).toContain('provider = "postgresql"');
  });
});
