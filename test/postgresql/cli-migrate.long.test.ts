import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exited, packageRoot } from '../support/prisma-cli';
import { runRaw } from '../support/raw-client';
import { absentDatabaseUrl, projectOfPackage, projectWithModels, shadowDatabases } from './postgresql-project';
import { createRole } from '../support/postgresql-role';

// Each command is two or three processes, and others run beside them.
jest.setTimeout(180_000);

const models = 'model Note {\n  id Int @id\n  text String\n}';
const createNotes = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "text" TEXT NOT NULL);\n';
const inSync = exited(0, 'Already in sync, no schema change or pending migration was found.');

let shadowsBefore: unknown;

beforeEach(async () => (shadowsBefore = await shadowDatabases()));

describe('prisma migrate on an empty database', () => {
  test('status reports a missing database, and deploy creates it', async () => {
    const project = await projectOfPackage();
    project.databaseUrl = absentDatabaseUrl('made');

    const absent = await project.run('migrate status');
    expect(absent).toMatchObject(exited(1, /P1003: Database `ans_test_\w+_made` does not exist/));

    const deploy = await project.run('migrate deploy');
    expect(deploy).toMatchObject(exited(0, 'All migrations have been successfully applied.'));
  });

  test('deploy needs no privilege to create databases and extensions, but dev needs a shadow database', async () => {
    const project = await projectOfPackage();
    const shadowProject = await projectOfPackage();
    const privileges = (role: string) => `GRANT CREATE ON SCHEMA public TO ${role}`;
    const url = project.databaseUrl;
    project.databaseUrl = await createRole(url, privileges);
    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    expect(await runRaw(url, "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")).toEqual([[]]);

    const itself = project.databaseUrl.replace('127.0.0.1', 'localhost');
    const [dev, devOnShadow, devOnItself] = await Promise.all([
      project.run('migrate dev'),
      project.run('migrate dev', { env: { SHADOW_DATABASE_URL: shadowProject.databaseUrl } }),
      project.run('migrate dev', { env: { SHADOW_DATABASE_URL: itself } }),
    ]);
    expect(devOnItself).toMatchObject(exited(1, /P3014[^]*the database itself/));
    expect(dev).toMatchObject(exited(1, /P3014[^]*could not create the shadow database[^]*42501/));
    expect(devOnShadow).toMatchObject(inSync);
  });

  test('dev creates the schema of the URL, and everything in that schema', async () => {
    const project = await projectOfPackage();
    const url = project.databaseUrl;
    project.databaseUrl = `${url}?schema=${encodeURIComponent('other One')}`;

    expect(await project.run('migrate dev')).toMatchObject(exited(0, 'Your database is now in sync with your schema.'));

    const [schemas] = await runRaw(url, "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname !~ '^(pg|info)'");
    expect(schemas).toEqual([{ schemaname: 'other One' }]);
    expect(await shadowDatabases()).toEqual(shadowsBefore);
  });
});

describe('prisma migrate on a database that is behind or drifted', () => {
  test('dev applies a change of the schema, status names the pending migration, and dev and diff report drift', async () => {
    const project = await projectWithModels(models);
    project.writeMigration('20260101000000_notes', createNotes);
    project.writeSchema(models.replace('text String', 'text String\n  read Boolean @default(false)'));
    const dev = await project.run('migrate dev --name read');
    expect(dev).toMatchObject(exited(0, 'Your database is now in sync with your schema.'));
    expect(await runRaw(project.databaseUrl, 'SELECT read FROM "Note"')).toEqual([[]]);

    project.writeMigration('29990101000000_trim', triggerScript);
    await runRaw(project.databaseUrl, 'CREATE TABLE stray (id INTEGER PRIMARY KEY)');
    const [status, drifted, diff] = await Promise.all([
      project.run('migrate status'),
      project.run('migrate dev'),
      project.run('migrate diff --from-migrations migrations --to-config-datasource --exit-code'),
    ]);
    expect(status).toMatchObject(exited(1, /have not yet been applied:\s+29990101000000_trim/));
    expect(drifted).toMatchObject(exited(130, /Drift detected[^]*\[\+\] Added tables\s+- stray/));
    expect(diff).toMatchObject(exited(2, 'stray'));

    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    await runRaw(project.databaseUrl, `INSERT INTO "Note" VALUES (2, ' b; ')`);
    expect(await runRaw(project.databaseUrl, 'SELECT text FROM "Note"')).toEqual([[{ text: 'b;' }]]);
  });
});

describe('prisma migrate after a migration that failed', () => {
  test('keeps none of its changes, and deploy applies the repaired migration only after it is resolved', async () => {
    const project = await projectWithModels(models);
    project.writeMigration('20260101000000_notes', `${createNotes}INSERT INTO missing VALUES (1);\n`);

    const failed = await project.run('migrate deploy');
    expect(failed).toMatchObject(exited(1, /Error: P3018[^]*Migration name: 20260101000000_notes/));
    expect(failed.output).toMatch(/Database error code: 42P01[^]*ERROR: relation "missing" does not exist/);
    const [tables] = await runRaw(project.databaseUrl, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    expect(tables).toEqual([{ tablename: '_prisma_migrations' }]);

    const [status, again, dev] = await Promise.all([
      project.run('migrate status'),
      project.run('migrate deploy'),
      project.run('migrate dev'),
    ]);
    expect(status).toMatchObject(exited(1, 'have failed:\n20260101000000_notes'));
    expect(again).toMatchObject(exited(1, 'Error: P3009'));
    expect(dev).toMatchObject(
      exited(1, /P3006[^]*`20260101000000_notes` failed to apply cleanly[^]*relation "missing" does not exist/),
    );
    expect(await shadowDatabases()).toEqual(shadowsBefore);

    const resolve = await project.run('migrate resolve --rolled-back 20260101000000_notes');
    expect(resolve.output).toContain('Migration 20260101000000_notes marked as rolled back.');
    project.writeMigration('20260101000000_notes', createNotes);
    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    expect(await runRaw(project.databaseUrl, 'SELECT * FROM "Note"')).toEqual([[]]);
  });

  test('deploy fails with P3005 on tables without a history until the migration is marked as applied', async () => {
    const project = await projectWithModels(models);
    project.writeMigration('20260101000000_notes', createNotes);
    await runRaw(project.databaseUrl, createNotes);

    expect(await project.run('migrate deploy')).toMatchObject(exited(1, 'Error: P3005'));

    expect(await project.run('migrate resolve --applied 20260101000000_notes')).toMatchObject({ exitCode: 0 });
    const finished = 'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL';
    expect(await runRaw(project.databaseUrl, finished)).toEqual([[{ migration_name: '20260101000000_notes' }]]);
  });
});

test('The lock file of the migrations names PostgreSQL', () => {
  const lock = readFileSync(join(packageRoot, 'prisma/postgresql/migrations/migration_lock.toml'), 'utf8');
  expect(lock).toContain('provider = "postgresql"');
});

const triggerScript = `
-- A comment with a semicolon; and a quote's apostrophe.
CREATE FUNCTION trim_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.text := trim(NEW.text);
  RETURN NEW;
END
$$;
CREATE TRIGGER trim BEFORE INSERT ON "Note" FOR EACH ROW EXECUTE FUNCTION trim_text();
`;
