import { administer } from '../support/administration';
import { exited, whenReachable } from '../support/prisma-cli';
import { runRaw } from '../support/raw-client';
import { findFreePort } from '../support/server-process';
import { absentDatabaseUrl, projectOfPackage, projectWithModels } from './postgresql-project';
import { createRole } from '../support/postgresql-role';

// Each command is two or three processes, and others run beside them.
jest.setTimeout(180_000);

const models = 'model Note {\n  id Int @id\n  text String\n}';
const createNotes = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "text" TEXT NOT NULL);\n';

/** One of everything that a schema may hold. */
const oddObjects = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
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
  CREATE EXTENSION pg_trgm;`;

const leftSql = `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'p')
  UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'r')
  UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname IN ('twice', 'nothing', 'total')
  UNION ALL SELECT extname FROM pg_extension WHERE extname = 'pg_trgm' ORDER BY 1`;

test('migrate reset leaves nothing but extensions and privileges, and applies the migrations again', async () => {
  const project = await projectWithModels(models);
  project.writeMigration('20260101000000_notes', createNotes);
  await runRaw(project.databaseUrl, oddObjects);
  const asRole = await createRole(project.databaseUrl, (role) => `GRANT USAGE ON SCHEMA public TO ${role}`);
  const { username } = new URL(asRole);

  const reset = await project.run('migrate reset --force');

  expect(reset).toMatchObject(exited(0, 'Database reset successful'));
  expect(await runRaw(project.databaseUrl, leftSql)).toEqual([
    [{ name: 'Note' }, { name: '_prisma_migrations' }, { name: 'pg_trgm' }],
  ]);
  const [privileges] = await runRaw(
    project.databaseUrl,
    "SELECT nspacl::text AS acl FROM pg_namespace WHERE nspname = 'public'",
  );
  expect(privileges).toEqual([{ acl: expect.stringContaining(`${username}=U`) as unknown }]);
});

test('db push brings the database to the schema, and refuses to lose data unasked', async () => {
  const project = await projectWithModels('model Note {\n  id Int @id\n}\nmodel Other {\n  id Int @id\n}');
  await runRaw(project.databaseUrl, `${createNotes}INSERT INTO "Note" VALUES (1, 'a');`);

  expect(await project.run('db push')).toMatchObject(exited(1, '--accept-data-loss'));
  expect(await project.run('db push --accept-data-loss')).toMatchObject({ exitCode: 0 });
  expect(await runRaw(project.databaseUrl, 'SELECT * FROM "Note"; SELECT id FROM "Other"')).toEqual([[{ id: 1 }], []]);
});

test('db pull, db execute, migrate diff and validate', async () => {
  const project = await projectWithModels(models);
  const failing = await projectWithModels(models);
  const offline = await projectWithModels(models);
  const ofPackage = await projectOfPackage();
  offline.databaseUrl = `postgresql://nobody:nothing@127.0.0.1:${await findFreePort()}/nowhere`;
  await runRaw(
    project.databaseUrl,
    `${createNotes}CREATE TABLE tags (id SERIAL PRIMARY KEY, note_id INTEGER REFERENCES "Note" (id), words TEXT[],
      at TIMESTAMPTZ DEFAULT now(), amount NUMERIC(8, 2), raw JSONB, kind CHAR(2) CHECK (kind <> ''))`,
  );
  project.write('notes.sql', 'DO $$ BEGIN INSERT INTO "Note" VALUES (1, \'a;b\'); END $$; SELECT 1;');
  const input = `${createNotes}INSERT INTO missing VALUES (1);`;

  const [pull, execute, executeFailing, diff, validate] = await Promise.all([
    project.run('db pull --print'),
    project.run('db execute --file notes.sql'),
    failing.run('db execute --stdin', { input }),
    offline.run('migrate diff --from-empty --to-schema schema.prisma --script'),
    ofPackage.run('validate'),
  ]);

  expect(pull.stdout).toMatch(/model tags \{[^]*words\s+String\[\][^]*Note\s+Note\?\s+@relation/);
  expect(execute).toMatchObject(exited(0, 'Script executed successfully.'));
  expect(await runRaw(project.databaseUrl, 'SELECT text FROM "Note"')).toEqual([[{ text: 'a;b' }]]);
  expect(executeFailing).toMatchObject(exited(1, 'relation "missing" does not exist'));
  expect(await runRaw(failing.databaseUrl, `SELECT to_regclass('"Note"') AS made`)).toEqual([[{ made: null }]]);
  expect(diff.exitCode).toBe(0);
  expect(diff.stdout).toContain('CREATE TABLE "Note"');
  expect(validate).toMatchObject(exited(0, 'prisma/postgresql/schema.prisma is valid'));
});

describe('a database that cannot be worked on is told with Prisma’s code, and without the password', () => {
  const secret = 'sEcr3t-w0rd';

  interface Case {
    readonly code: RegExp;
    readonly command: string;
    readonly url: string;
  }

  test('whatever the command', async () => {
    const project = await projectOfPackage();
    const { databaseUrl } = project;
    const role = await createRole(
      databaseUrl,
      () => `REVOKE CONNECT ON DATABASE ${databaseOf(databaseUrl)} FROM PUBLIC`,
    );
    const cases: Case[] = [
      { code: /P1001.*127\.0\.0\.1:/, command: 'migrate status', url: await nobodyThere() },
      {
        code: /P1003\s+Database `\w+_absent` does not exist/,
        command: 'db execute --stdin',
        url: absentDatabaseUrl('absent'),
      },
      { code: /P1010.* was denied access on the database/, command: 'db push', url: role },
      { code: /P1013/, command: 'migrate dev', url: `postgresql://ans:${secret}@[/ans` },
      ...((await asksForPasswords(databaseUrl))
        ? [{ code: /P1000.* Authentication failed/, command: 'migrate deploy', url: withPassword(databaseUrl, secret) }]
        : []),
    ];

    const results = await Promise.all(
      cases.map(async ({ code, command, url }) => {
        const other = await projectOfPackage();
        other.databaseUrl = url;
        return { code, url, result: await other.run(command) };
      }),
    );

    for (const { code, url, result } of results) {
      expect(result).toMatchObject(exited(1, code));
      expect(result.output).not.toContain(url.includes(secret) ? secret : new URL(url).password || secret);
    }
  });

  async function nobodyThere(): Promise<string> {
    return `postgresql://ans:${secret}@127.0.0.1:${await findFreePort()}/ans`;
  }

  function withPassword(url: string, password: string): string {
    return Object.assign(new URL(url), { password }).href;
  }

  function databaseOf(url: string): string {
    return new URL(url).pathname.slice(1);
  }

  /** A server that was given for the tests may trust everybody on its machine. */
  async function asksForPasswords(url: string): Promise<boolean> {
    try {
      await administer(withPassword(url, secret), 'SELECT 1');
      process.stderr.write('P1000: skipped: the server takes every password\n');
      return false;
    } catch {
      return true;
    }
  }
});

test('studio serves the database that migrate works on', async () => {
  const project = await projectOfPackage();
  const schemaUrl = `${project.databaseUrl}?schema=public`;
  await runRaw(project.databaseUrl, "CREATE TABLE only_here (text TEXT); INSERT INTO only_here VALUES ('found')");
  project.databaseUrl = schemaUrl;
  const port = await findFreePort();

  const { child } = project.start(`studio --browser none --port ${port}`);
  const closed = new Promise((done) => child.on('close', done));
  try {
    const page = await whenReachable(`http://localhost:${port}`);
    expect(page.status).toBe(200);
    const query = { sql: 'SELECT text FROM only_here', parameters: [] };
    const answer = await fetch(`http://localhost:${port}/bff`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ procedure: 'query', query }),
    });
    expect(await answer.json()).toEqual([null, [{ text: 'found' }]]);
  } finally {
    child.kill('SIGTERM');
    await closed;
  }
});
