import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { administer, databaseUrl } from '../support/administration';
import { engine, onPostgresql } from '../support/engine';
import { createRole } from '../support/postgresql-role';
import { exited, PrismaProject, projectOfPackage, projectWithModels } from '../support/prisma-cli';
import { queryStudio, whileServing } from '../support/prisma-cli';
import { findFreePort } from '../support/server-process';
import { describeOn, testOn } from '../support/skip';
import { testServer } from '../support/test-server';

// Each command starts two or three processes.
jest.setTimeout(180_000);

const note = 'model Note {\n  id Int @id\n}';
const other = 'model Other {\n  id Int @id\n}';
const models = note.replace('@id', '@id\n  text String');
const createNotes = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "text" TEXT NOT NULL);\n';

/** SQL that creates one object of each kind that a schema may contain. `leftSql` finds those that are left. */
const oddObjects = {
  sqlite: `CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY AUTOINCREMENT);
    CREATE VIRTUAL TABLE search USING fts5 (text);
    CREATE VIEW texts AS SELECT text FROM search;`,
  postgresql: `CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
    CREATE TYPE pair AS (a integer, b mood);
    CREATE TYPE spans AS RANGE (subtype = integer);
    CREATE TABLE "odd ""name" (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood, pair pair, p positive);
    CREATE TABLE parts (id INTEGER) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parts DEFAULT;
    CREATE VIEW moods AS SELECT mood FROM "odd ""name";
    CREATE MATERIALIZED VIEW kept AS SELECT * FROM moods;
    CREATE SEQUENCE loose;
    CREATE FUNCTION twice(positive) RETURNS integer LANGUAGE sql RETURN $1 * 2;
    CREATE PROCEDURE nothing() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
    CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
    CREATE EXTENSION pg_trgm;`,
};

const leftSql = {
  sqlite: "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY 1",
  postgresql: `SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'p')
    UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'r')
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      AND proname IN ('twice', 'nothing', 'total')
    UNION ALL SELECT extname FROM pg_extension WHERE extname = 'pg_trgm' ORDER BY 1`,
};

test('migrate reset removes everything except extensions and privileges, and applies the migrations again', async () => {
  const project = await projectWithModels(models);
  project.writeMigration('20260101000000_notes', createNotes);
  await project.run('migrate deploy');
  await project.sql(`INSERT INTO "Note" VALUES (1, 'a')`);
  // On SQLite, the last argument must be a single statement.
  await project.sql(oddObjects[engine], 'SELECT 1');
  const grant = (role: string) => `GRANT USAGE ON SCHEMA public TO ${role}`;
  const role = onPostgresql ? new URL(await createRole(project.databaseUrl, grant)).username : undefined;

  expect(await project.run('migrate reset --force')).toMatchObject(exited(0, 'Database reset successful'));

  const left = (await project.sql(leftSql[engine])).map(({ name }) => name);
  expect(left).toEqual(['Note', '_prisma_migrations', ...(onPostgresql ? ['pg_trgm'] : [])]);
  expect(await project.sql('SELECT * FROM "Note"')).toEqual([]);
  expect(await project.sql('SELECT migration_name FROM _prisma_migrations')).toHaveLength(1);
  if (role === undefined) return;
  const privileges = await project.sql("SELECT nspacl::text AS acl FROM pg_namespace WHERE nspname = 'public'");
  expect(privileges).toEqual([{ acl: expect.stringContaining(`${role}=U`) as unknown }]);
});

test('the command db push applies the schema, and refuses to lose data without --accept-data-loss', async () => {
  const project = await projectWithModels(models);
  expect(await project.run('db push')).toMatchObject(exited(0, 'Your database is now in sync'));
  await project.sql(`INSERT INTO "Note" VALUES (1, 'a')`);
  project.writeSchema(`${note}\n${other}`);
  expect(await project.run('db push')).toMatchObject(exited(1, '--accept-data-loss'));
  expect(await project.run('db push --accept-data-loss')).toMatchObject({ exitCode: 0 });
  expect(await project.sql('SELECT * FROM "Note"')).toEqual([{ id: 1 }]);
  expect(await project.sql('SELECT id FROM "Other"')).toEqual([]);
});

test('the command db pull writes the models of a database, and db execute runs all statements or none', async () => {
  const [project, failing] = [await projectWithModels(models), await projectWithModels(models)];
  const types = onPostgresql
    ? ", words TEXT[], at TIMESTAMPTZ DEFAULT now(), amount NUMERIC(8, 2), raw JSONB, kind CHAR(2) CHECK (kind <> '')"
    : '';
  const tags = `CREATE TABLE tags (id INTEGER PRIMARY KEY, note_id INTEGER REFERENCES "Note" (id)${types})`;
  await project.sql(createNotes, tags);
  const insert = `INSERT INTO "Note" VALUES (1, 'a;b');`;
  project.write('notes.sql', onPostgresql ? `DO $$ BEGIN ${insert} END $$; SELECT 1;` : insert);
  const [pull, execute, refused] = await Promise.all([
    project.run('db pull --print'),
    project.run('db execute --file notes.sql'),
    failing.run('db execute --stdin', { input: `${createNotes}INSERT INTO missing VALUES (1);` }),
  ]);
  const words = onPostgresql ? 'words\\s+String\\[\\][^]*' : '';
  expect(pull.stdout).toMatch(new RegExp(`model tags \\{[^]*${words}Note\\s+Note\\?\\s+@relation`));
  expect(execute).toMatchObject(exited(0, 'Script executed successfully.'));
  expect(await project.sql('SELECT text FROM "Note"')).toEqual([{ text: 'a;b' }]);
  expect(refused).toMatchObject(exited(1, /no such table: missing|relation "missing" does not exist/));
  expect(await failing.tables()).toEqual([]);
});

test('migrate diff compares schemas, migrations and databases, and validate needs no database', async () => {
  const [project, offline, ofPackage] = [
    await projectWithModels(models),
    await projectWithModels(models),
    await projectOfPackage(),
  ];
  if (onPostgresql) offline.databaseUrl = `postgresql://nobody:nothing@127.0.0.1:${await findFreePort()}/nowhere`;
  await project.sql(createNotes);
  project.writeMigration('20260101000000_notes', createNotes);
  const fromMigrations = 'migrate diff --from-migrations migrations --to-schema schema.prisma --exit-code';
  const [script, missing, same, toSchema, toEmpty, validate] = await Promise.all([
    offline.run('migrate diff --from-empty --to-schema schema.prisma --script'),
    offline.run('migrate diff --from-config-datasource --to-schema schema.prisma'),
    project.run(fromMigrations),
    project.run('migrate diff --from-config-datasource --to-schema schema.prisma --exit-code'),
    project.run('migrate diff --from-config-datasource --to-empty --script'),
    ofPackage.run('validate'),
  ]);
  expect(script.exitCode).toBe(0);
  expect(script.stdout).toContain('CREATE TABLE "Note"');
  expect(missing).toMatchObject(exited(1, onPostgresql ? 'P1001' : 'P1003'));
  expect(existsSync(offline.databasePath)).toBe(false);
  expect(same).toMatchObject(exited(0, 'No difference detected.'));
  expect(toSchema).toMatchObject(exited(0, 'No difference detected.'));
  expect(toEmpty.stdout).toMatch(/DROP TABLE (?:"public"\.)?"Note"/);
  expect(validate).toMatchObject(exited(0, onPostgresql ? 'prisma/postgresql/schema.prisma is valid' : 'is valid'));
  project.writeSchema(`${models}\n${other}`);
  expect(await project.run(fromMigrations)).toMatchObject(exited(2, '[+] Added tables'));
});

test('the command studio serves the database that the command migrate uses', async () => {
  const project = onPostgresql ? await projectOfPackage() : PrismaProject.ofPackage('with space.sqlite');
  await project.sql('CREATE TABLE only_here (text TEXT)', "INSERT INTO only_here VALUES ('found')");
  if (onPostgresql) project.databaseUrl += '?schema=public';
  const port = await findFreePort();
  const { child, collected } = project.start(`studio --browser none --port ${port}`);
  await whileServing(child, port, async (address) => {
    // Studio prints this when it creates a database because there is none.
    expect(collected.output).not.toContain('was not found');
    expect(await queryStudio(address, 'SELECT text FROM only_here')).toEqual([null, [{ text: 'found' }]]);
  });
});

testOn('sqlite', 'the command generate writes the Prisma client', async () => {
  const project = await projectWithModels(note);
  expect(await project.run('generate')).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(project.directory, 'client/client.ts'))).toBe(true);
});

testOn('sqlite', 'PRISMA_SCHEMA_ENGINE_BINARY selects the schema engine', async () => {
  const project = PrismaProject.ofPackage();
  const missing = join(project.directory, 'missing-engine');
  const deploy = await project.run('migrate deploy', { env: { PRISMA_SCHEMA_ENGINE_BINARY: missing } });
  expect(deploy).toMatchObject(exited(1, 'missing-engine'));
});

describeOn('sqlite', 'DATABASE_URL', () => {
  test('DATABASE_URL may name a file in a missing folder, and migrate deploy creates the folder', async () => {
    const project = PrismaProject.ofPackage('new/deeper/test.sqlite');
    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    expect(await project.tables()).toContain('agents');
  });

  test('a command fails when DATABASE_URL names a folder or a file that is not a database', async () => {
    const [folder, text] = [PrismaProject.ofPackage(), PrismaProject.ofPackage()];
    mkdirSync(folder.databasePath);
    text.write('test.sqlite', 'This is text.'.repeat(100));
    const [status, deploy] = await Promise.all([folder.run('migrate status'), text.run('migrate deploy')]);
    expect(status).toMatchObject(exited(1, /P1001: Can't open the database file/));
    expect(deploy).toMatchObject(exited(1, 'file is not a database'));
  });
});

describeOn('postgresql', 'a database that the CLI cannot use', () => {
  const secret = 'sEcr3t-w0rd';
  const withPassword = (url: string) => Object.assign(new URL(url), { password: secret }).href;

  /** Reports whether the server asks for passwords: a server that was given for the tests may trust all local users. */
  async function asksForPasswords(url: string): Promise<boolean> {
    return administer(withPassword(url), 'SELECT 1').then(
      () => false,
      () => true,
    );
  }

  test('every CLI command reports an unusable database with the cause and without the password', async () => {
    const { databaseUrl: url } = await projectOfPackage();
    const name = new URL(url).pathname.slice(1);
    const role = await createRole(url, () => `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
    const { url: server, template } = testServer();
    const cases: (readonly [cause: RegExp, command: string, url: string])[] = [
      [/P1001.*127\.0\.0\.1:/, 'migrate status', `postgresql://ans:${secret}@127.0.0.1:${await findFreePort()}/ans`],
      [/P1003\s+Database `\w+_absent` does not exist/, 'db execute --stdin', databaseUrl(server, `${template}_absent`)],
      [/P1010.* was denied access on the database/, 'db push', role],
      [/url must be a valid PostgreSQL URL/, 'migrate dev', `postgresql://ans:${secret}@[/ans`],
    ];
    if (await asksForPasswords(url)) cases.push([/P1000.* Authentication failed/, 'migrate deploy', withPassword(url)]);
    const results = await Promise.all(
      cases.map(async ([cause, command, wrong]) => {
        const project = PrismaProject.ofPackage();
        project.databaseUrl = wrong;
        return { cause, wrong, result: await project.run(command) };
      }),
    );
    for (const { cause, wrong, result } of results) {
      expect(result).toMatchObject(exited(1, cause));
      expect(result.output).not.toContain(wrong.includes(secret) ? secret : new URL(wrong).password || secret);
    }
  });
});
