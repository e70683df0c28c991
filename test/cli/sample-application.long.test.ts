import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onPostgresql } from '../support/engine';
import { migrationNames } from '../support/migrations';
import { exited, queryStudio, whileServing, type PrismaProject } from '../support/prisma-cli';
import { findFreePort } from '../support/server-process';
import { describeOn } from '../support/skip';
import { unmigratedDatabaseUrl } from '../support/test-database';
import { runCli, runJson, startStudio } from './run-cli';
import { createApplication, threeLines, withOwnTables, withoutPackage } from './sample-application';

// Each command of Prisma starts two or three processes.
jest.setTimeout(600_000);

const note = 'model Note {\n  id Int @id\n}';
const createNotes = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL, CONSTRAINT "Note_pkey" PRIMARY KEY ("id"));\n';
const inSync = 'Already in sync, no schema change or pending migration was found.';

const orders = `model Agent {
  id     String  @id
  orders Order[]

  @@map("agents")
}

model Order {
  id        Int      @id @default(autoincrement())
  agentId   String   @map("agent_id")
  agent     Agent    @relation(fields: [agentId], references: [id])
  text      String
  createdAt DateTime @default(now()) @map("created_at")

  @@map("orders")
}`;

/** Program of the sample application, as docs/your-own-tables.md shows it. */
const program = `
import { DatabaseService } from 'ans-database';
import { prismaAdapter } from 'ans-database/prisma';
import * as kit from 'kysely';
import { PrismaClient } from './client/client';

const certificate = { subject: '', issuer: '', notBefore: new Date(0), notAfter: new Date(1), publicKey: 'k', certificate: 'c' };
const agent = { name: 'a', version: '1.0.0', owner: 'o', publicKey: 'k' };

async function main() {
  await using db = new DatabaseService({ url: process.env['DATABASE_URL'], migrations: 'verify' });
  await db.initialize();
  const client = new PrismaClient({ adapter: prismaAdapter(db, { timestampFormat: 'iso8601' }) });
  const certificateId = await db.createCertificate({ ...certificate, fingerprint: 'f' });
  const [Adapter, Introspector, Compiler] = ${
    onPostgresql
      ? '[kit.PostgresAdapter, kit.PostgresIntrospector, kit.PostgresQueryCompiler]'
      : '[kit.SqliteAdapter, kit.SqliteIntrospector, kit.SqliteQueryCompiler]'
  };
  const kysely = new kit.Kysely<any>({
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => new kit.DummyDriver(),
      createIntrospector: (database) => new Introspector(database),
      createQueryCompiler: () => new Compiler(),
    },
  });
  const write = (id: string, fails: boolean) =>
    db.transaction(async (tx) => {
      await tx.createAgent({ ...agent, id, certificateId });
      await client.order.create({ data: { agentId: id, text: 'by Prisma' } });
      const { sql, parameters } = kysely.selectFrom('orders').select('text').where('agent_id', '=', id).compile();
      const [row] = await tx.query(sql, ...(parameters as string[]));
      await tx.execute('UPDATE orders SET text = ? WHERE agent_id = ?', row.text + ', SQL', id);
      if (fails) throw new Error('undone');
    });
  await write('kept', false);
  await write('undone', true).catch(() => undefined);
  const code = await db.deleteAgent('kept').catch((error) => error.code);
  const stored = await client.order.findMany({ select: { agentId: true, text: true, createdAt: true } });
  const isRecent = stored.every(({ createdAt }) => Math.abs(Date.now() - createdAt.getTime()) < 600_000);
  console.log(JSON.stringify([code, await db.getAgent('undone'), stored.map(({ agentId, text }) => [agentId, text]), isRecent]));
  await client.$disconnect();
}
void main();
`;

function init(project: PrismaProject): ReturnType<typeof runCli> {
  return runCli(['init', '--prisma', '--url', project.databaseUrl], { cwd: project.directory });
}

function migrationsIn({ directory }: PrismaProject): string[] {
  return readdirSync(join(directory, 'prisma/migrations')).sort();
}

test('after init --prisma, the Prisma commands dev, deploy and status work with tables of application and package', async () => {
  const [url, production] = [onPostgresql ? await unmigratedDatabaseUrl() : undefined, await unmigratedDatabaseUrl()];
  const project = createApplication(withOwnTables, orders, url);
  const { exitCode, stdout } = await init(project);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/ {2}tables: \{\n {4}external: \[\n {6}'(?:public\.)?agents',\n/);
  const dev = await project.run('migrate dev --name orders');
  expect(dev).toMatchObject(exited(0, 'Your database is now in sync with your schema.'));
  expect(migrationsIn(project)).toEqual([
    ...migrationNames,
    expect.stringMatching(/^\d{14}_orders$/),
    'migration_lock.toml',
  ]);
  expect((await init(project)).stdout).toContain(`unchanged ${migrationNames[0]}`);
  expect(await project.run('migrate dev')).toMatchObject(exited(0, inSync));

  const generated = await project.run('generate');
  expect(generated).toMatchObject({ exitCode: 0 });
  project.write('main.ts', program);
  const output = execFileSync(process.execPath, ['--import', require.resolve('tsx'), 'main.ts'], {
    cwd: project.directory,
    env: { ...process.env, DATABASE_URL: url ?? `file:${project.databasePath}` },
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual(['STILL_REFERENCED', null, [['kept', 'by Prisma, SQL']], true]);

  project.databaseUrl = production;
  expect(await runJson(['migrate', 'deploy', '--url', production])).toMatchObject({ exitCode: 0 });
  expect(await project.run('migrate status')).toMatchObject(exited(1, /have not yet been applied:\s+\d+_orders/));
  expect(await project.run('migrate deploy')).toMatchObject(exited(0, /_orders[^]*successfully applied/));
  expect(await runJson(['migrate', 'status', '--url', production])).toMatchObject({ exitCode: 0 });
});

test('without init --prisma, deploy and status of the application ignore the migrations of the package', async () => {
  const project = createApplication(withoutPackage, note, await unmigratedDatabaseUrl());
  const { databaseUrl: url } = project;
  expect(await runJson(['migrate', 'deploy', '--url', url])).toMatchObject({ exitCode: 0 });
  project.write('prisma/migrations/migration_lock.toml', `provider = "${onPostgresql ? 'postgresql' : 'sqlite'}"\n`);
  project.write('prisma/migrations/20260101000000_notes/migration.sql', createNotes);
  expect(await project.run('migrate deploy')).toMatchObject(exited(0, /notes[^]*successfully applied/));
  const [own, ours] = await Promise.all([project.run('migrate status'), runJson(['migrate', 'status', '--url', url])]);
  expect(own).toMatchObject(exited(0, 'Database schema is up to date!'));
  expect(ours).toMatchObject({ exitCode: 0, json: { applied: migrationNames } });
  const reset = new RegExp(`missing from the local migrations directory: ${migrationNames[0]}[^]*need to reset`);
  expect(await project.run('migrate dev')).toMatchObject(exited(130, reset));
});

test('the Prisma commands deploy, status and studio work with a configuration of three lines', async () => {
  const project = createApplication(threeLines, '', onPostgresql ? await unmigratedDatabaseUrl() : undefined);
  expect(await project.run('migrate deploy')).toMatchObject(exited(0, 'successfully applied'));
  expect(await project.run('migrate status')).toMatchObject(exited(0, 'Database schema is up to date!'));
  const url = onPostgresql ? project.databaseUrl : 'file:app.sqlite';
  const port = await findFreePort();
  const ended = await whileServing(startStudio(port, url, project.directory), port, async (address) => {
    const answer = await queryStudio(address, 'SELECT count(*) AS agents FROM agents');
    expect(JSON.stringify(answer)).toMatch(/^\[null,\[\{"agents":"?0"?\}\]\]$/);
  });
  expect(ended).toBe(0);
});

describeOn('postgresql', 'a schema of its own', () => {
  test('a separate schema lets prisma migrate dev of the application work without init --prisma', async () => {
    const project = createApplication(withoutPackage, note, await unmigratedDatabaseUrl());
    const url = `${project.databaseUrl}?schema=ans`;
    expect(await runJson(['migrate', 'deploy', '--url', url])).toMatchObject({ exitCode: 0 });
    expect(await project.run('migrate dev --name notes')).toMatchObject(exited(0, 'now in sync with your schema'));
    expect(await project.run('migrate dev')).toMatchObject(exited(0, inSync));
    expect(await runJson(['migrate', 'status', '--url', url])).toMatchObject({ exitCode: 0 });
    expect(await runJson(['check', '--url', url])).toMatchObject({ exitCode: 0 });
  });
});
