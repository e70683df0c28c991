import { exited, PrismaProject } from '../support/prisma-cli';

const models = 'model Note {\n  id Int @id\n  text String\n}';
const createNotes = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "text" TEXT NOT NULL);\n';

let project: PrismaProject;

beforeEach(() => (project = PrismaProject.withModels(models)));

afterEach(() => project.dispose());

test('migrate reset empties the database, its history included, and applies the migrations again', async () => {
  project.writeMigration('20260101000000_notes', createNotes);
  await project.run('migrate deploy');
  project.sql(
    'CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY AUTOINCREMENT)',
    'CREATE VIRTUAL TABLE search USING fts5 (text)',
    'CREATE VIEW texts AS SELECT text FROM Note',
    "INSERT INTO Note VALUES (1, 'a')",
  );

  const reset = await project.run('migrate reset --force');

  expect(reset.output).toContain('Database reset successful');
  expect(project.tables()).toEqual(['Note', '_prisma_migrations']);
  expect(project.sql('SELECT * FROM Note')).toEqual([]);
  expect(project.sql('SELECT migration_name FROM _prisma_migrations')).toHaveLength(1);
});

describe('migrate diff', () => {
  test('compares an empty database with a schema, without any database', async () => {
    const script = await project.run('migrate diff --from-empty --to-schema schema.prisma --script');

    expect(script.exitCode).toBe(0);
    expect(script.stdout).toContain('CREATE TABLE "Note"');
    expect(() => project.tables()).toThrow();
  });

  test('compares migrations with a schema, and tells by its exit code whether they differ', async () => {
    project.writeMigration('20260101000000_notes', createNotes);
    const same = await project.run('migrate diff --from-migrations migrations --to-schema schema.prisma --exit-code');
    expect(same).toMatchObject(exited(0, 'No difference detected.'));

    project.writeSchema(`${models}\nmodel Other {\n  id Int @id\n}`);
    const other = await project.run('migrate diff --from-migrations migrations --to-schema schema.prisma --exit-code');
    expect(other).toMatchObject(exited(2, '[+] Added tables'));
  });

  test('compares the configured database with a schema and with nothing', async () => {
    project.sql(createNotes);

    const [toSchema, toEmpty] = await Promise.all([
      project.run('migrate diff --from-config-datasource --to-schema schema.prisma --exit-code'),
      project.run('migrate diff --from-config-datasource --to-empty --script'),
    ]);
    expect(toSchema).toMatchObject(exited(0, 'No difference detected.'));
    expect(toEmpty.stdout).toContain('DROP TABLE "Note"');
  });

  test('says so when the configured database does not exist', async () => {
    const diff = await project.run('migrate diff --from-config-datasource --to-schema schema.prisma');
    expect(diff).toMatchObject(exited(1, 'P1003'));
  });
});

test('db push brings the database to the schema, and refuses to lose data unasked', async () => {
  const push = await project.run('db push');
  expect(push).toMatchObject(exited(0, 'Your database is now in sync'));

  project.sql("INSERT INTO Note VALUES (1, 'a')");
  project.writeSchema('model Note {\n  id Int @id\n}');
  const refused = await project.run('db push');
  expect(refused).toMatchObject(exited(1, '--accept-data-loss'));
  expect(await project.run('db push --accept-data-loss')).toMatchObject({ exitCode: 0 });
  expect(project.sql('SELECT * FROM Note')).toEqual([{ id: 1 }]);
});

test('db pull writes the models of an existing database', async () => {
  project.sql(createNotes, 'CREATE TABLE tags (id INTEGER PRIMARY KEY, note_id INTEGER REFERENCES Note (id))');

  const pull = await project.run('db pull --print');

  expect(pull.stdout).toMatch(/model tags \{[\s\S]*Note\s+Note\?\s+@relation/);
});

describe('db execute', () => {
  test('runs the statements of a file', async () => {
    project.write('notes.sql', `${createNotes}INSERT INTO Note VALUES (1, 'a;b');`);

    const execute = await project.run('db execute --file notes.sql');

    expect(execute).toMatchObject(exited(0, 'Script executed successfully.'));
    expect(project.sql('SELECT text FROM Note')).toEqual([{ text: 'a;b' }]);
  });

  test('runs all of the standard input or nothing', async () => {
    const execute = await project.run('db execute --stdin', { input: `${createNotes}INSERT INTO missing VALUES (1);` });

    expect(execute).toMatchObject(exited(1, 'no such table: missing'));
    expect(project.tables()).toEqual([]);
  });
});
