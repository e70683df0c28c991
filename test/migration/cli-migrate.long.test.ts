import { copyFileSync } from 'node:fs';
import { createInitialDatabase } from '../support/initial-schema';
import { exited, PrismaProject } from '../support/prisma-cli';

const models = 'model Note {\n  id Int @id\n  text String\n}';
const createNotes = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "text" TEXT NOT NULL);\n';

let project: PrismaProject;

afterEach(() => project.dispose());

describe('prisma migrate on an empty database', () => {
  test('status reports a missing database and does not create it', async () => {
    project = PrismaProject.ofPackage();

    const status = await project.run('migrate status');

    expect(status).toMatchObject(exited(1, 'P1003: Database `test.sqlite` does not'));
    expect(() => project.tables()).toThrow();
  });

  test('dev writes a migration for a change of the schema, and applies it', async () => {
    project = PrismaProject.withModels(models);
    project.writeMigration('20260101000000_notes', createNotes);
    project.writeSchema(models.replace('text String', 'text String\n  read Boolean @default(false)'));

    const dev = await project.run('migrate dev --name read');

    expect(dev.output).toContain('Your database is now in sync with your schema.');
    expect(project.sql("SELECT name FROM pragma_table_info('Note')")).toContainEqual({ name: 'read' });
    expect(project.sql('SELECT migration_name FROM _prisma_migrations')).toHaveLength(2);
  });
});

describe('prisma migrate on a database that is behind', () => {
  test('status names the pending migration, and deploy applies it with its triggers', async () => {
    project = PrismaProject.withModels(models);
    project.writeMigration('20260101000000_notes', createNotes);
    await project.run('migrate deploy');
    project.writeMigration('20260102000000_trim', triggerScript);

    const status = await project.run('migrate status');
    expect(status.exitCode).toBe(1);
    expect(status.output).toMatch(/have not yet been applied:\s+20260102000000_trim/);

    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    expect(project.sql("INSERT INTO Note VALUES (2, ' b; ')", 'SELECT id, text FROM Note')).toEqual([
      { id: 1, text: 'a;b' },
      { id: 2, text: 'b;' },
    ]);
  });
});

describe('prisma migrate on a database that drifted', () => {
  test('dev and diff report a table that no migration created', async () => {
    project = PrismaProject.withModels(models);
    project.writeMigration('20260101000000_notes', createNotes);
    await project.run('migrate deploy');
    project.sql('CREATE TABLE stray (id INTEGER PRIMARY KEY)');

    const [dev, diff] = await Promise.all([
      project.run('migrate dev'),
      project.run('migrate diff --from-migrations migrations --to-config-datasource --exit-code'),
    ]);
    expect(dev.exitCode).toBe(130);
    expect(dev.output).toMatch(/Drift detected[\s\S]*\[\+\] Added tables\s+- stray/);

    expect(diff.exitCode).toBe(2);
    expect(diff.stdout).toContain('stray');
  });
});

describe('prisma migrate after a migration that failed', () => {
  test('keeps none of its changes, and deploy applies the repaired migration only after it is resolved', async () => {
    project = PrismaProject.withModels(models);
    project.writeMigration('20260101000000_notes', `${createNotes}INSERT INTO missing VALUES (1);\n`);

    const failed = await project.run('migrate deploy');
    expect(failed.exitCode).toBe(1);
    expect(failed.output).toMatch(/Error: P3018[\s\S]*Migration name: 20260101000000_notes/);
    expect(failed.output).toMatch(/Database error code: 1[\s\S]*no such table: missing/);
    expect(project.tables()).toEqual(['_prisma_migrations']);

    const status = await project.run('migrate status');
    expect(status).toMatchObject(exited(1, 'have failed:\n20260101000000_notes'));
    const again = await project.run('migrate deploy');
    expect(again).toMatchObject(exited(1, 'Error: P3009'));

    const resolve = await project.run('migrate resolve --rolled-back 20260101000000_notes');
    expect(resolve.output).toContain('Migration 20260101000000_notes marked as rolled back.');
    project.writeMigration('20260101000000_notes', createNotes);
    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    expect(project.tables()).toContain('Note');
  });

  test('dev names a migration that cannot be replayed', async () => {
    project = PrismaProject.withModels(models);
    project.writeMigration('20260101000000_notes', 'CREATE TABLE broken (;\n');

    const dev = await project.run('migrate dev');

    expect(dev.exitCode).toBe(1);
    expect(dev.output).toMatch(/P3006[\s\S]*`20260101000000_notes` failed to apply cleanly to the shadow database/);
  });
});

describe('prisma migrate on a database with the initial schema', () => {
  test('deploy fails until the first migration is marked as applied, and then keeps the rows', async () => {
    project = PrismaProject.ofPackage();
    copyFileSync(createInitialDatabase(initialRows), project.databasePath);

    const refused = await project.run('migrate deploy');
    expect(refused).toMatchObject(exited(1, 'Error: P3005'));

    await project.run('migrate resolve --applied 20261123000000_ans_initial');
    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });

    expect(project.sql('SELECT id, default_endpoint_id FROM agents')).toEqual([
      { id: 'a1', default_endpoint_id: 'e1' },
    ]);
    expect(project.sql('SELECT id, position FROM endpoints')).toEqual([{ id: 'e1', position: 0 }]);
    expect(project.sql('SELECT value FROM agent_metadata')).toEqual([{ value: '"say \\"hi\\""' }]);
    expect(project.sql('SELECT fingerprint_key FROM certificates')).toEqual([{ fingerprint_key: 'aabb' }]);
    expect(project.sql('PRAGMA foreign_key_check')).toEqual([]);
  });
});

const triggerScript = `
-- A comment with a semicolon; and a quote's apostrophe.
CREATE TRIGGER trim AFTER INSERT ON "Note" BEGIN
  UPDATE "Note" SET text = CASE WHEN text = '' THEN '' ELSE trim(text) END WHERE id = new.id;
END;
INSERT INTO "Note" VALUES (1, ' a;b ');
`;

const initialRows = `
  INSERT INTO certificates VALUES ('c1', 'CN=a', 'CN=ca', 1, 2, 'pk', 'pem', 'AA:BB', 'VALID', 3);
  INSERT INTO agents VALUES ('a1', 'Agent', 'pk', 'c1', 'e1', '1.0.0', NULL, 1, 2, 3, 'ACTIVE', 'owner');
  INSERT INTO endpoints VALUES ('e1', 'a1', 'https', 'host', 443, 'HEALTHY', 1, NULL);
  INSERT INTO endpoints VALUES ('e2', 'gone', 'https', 'host', 443, 'HEALTHY', 1, NULL);
  INSERT INTO agent_metadata VALUES ('a1', 'greeting', 'say "hi"'), ('gone', 'k', 'v');`;
