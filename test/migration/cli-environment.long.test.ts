import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exited, PrismaProject, whenReachable } from '../support/prisma-cli';

let project: PrismaProject;

afterEach(() => project.dispose());

test('validate needs no database', async () => {
  project = PrismaProject.ofPackage();
  expect(await project.run('validate')).toMatchObject(exited(0, 'is valid'));
});

test('generate writes the client', async () => {
  project = PrismaProject.withModels('model Note {\n  id Int @id\n}');
  expect(await project.run('generate')).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(project.directory, 'client/client.ts'))).toBe(true);
});

test('PRISMA_SCHEMA_ENGINE_BINARY keeps the engine that it names', async () => {
  project = PrismaProject.ofPackage();
  const engine = join(project.directory, 'missing-engine');

  const deploy = await project.run('migrate deploy', { env: { PRISMA_SCHEMA_ENGINE_BINARY: engine } });

  expect(deploy).toMatchObject(exited(1, 'missing-engine'));
});

describe('DATABASE_URL', () => {
  test.each([
    ['relative', (path: string) => `file:${path.slice(path.lastIndexOf('/') + 1)}`],
    ['absolute', (path: string) => `file:${path}`],
    ['a URL proper, percent-encoded', (path: string) => pathToFileURL(path).href],
  ])('names a database with a space in its path: %s', async (_, toUrl) => {
    project = PrismaProject.ofPackage('with space.sqlite');
    project.databaseUrl = toUrl(project.databasePath);

    const execute = await project.run('db execute --stdin', { input: 'CREATE TABLE here (id INTEGER);' });

    expect(execute.exitCode).toBe(0);
    expect(project.tables()).toEqual(['here']);
  });

  test('names a directory that does not exist yet: migrate deploy makes it', async () => {
    project = PrismaProject.ofPackage('new/deeper/test.sqlite');
    expect(await project.run('migrate deploy')).toMatchObject({ exitCode: 0 });
    expect(project.tables()).toContain('agents');
  });

  test('names a directory: the command says that it cannot be opened', async () => {
    project = PrismaProject.ofPackage();
    mkdirSync(project.databasePath);
    const status = await project.run('migrate status');
    expect(status).toMatchObject(exited(1, /P1001: Can't open the database file/));
  });

  test('names a file that is no database: the command says so', async () => {
    project = PrismaProject.ofPackage();
    project.write('test.sqlite', 'This is text.'.repeat(100));
    const deploy = await project.run('migrate deploy');
    expect(deploy).toMatchObject(exited(1, 'file is not a database'));
  });
});

test('studio serves the database that migrate works on', async () => {
  project = PrismaProject.ofPackage('with space.sqlite');
  project.sql('CREATE TABLE only_here (id INTEGER)');
  const port = await freePort();

  const { child, collected } = project.start(`studio --browser none --port ${port}`);
  const closed = new Promise((done) => child.on('close', done));
  try {
    const address = `http://localhost:${port}`;
    const page = await whenReachable(address);
    expect(page.status).toBe(200);
    // What Studio prints when it makes a database because there is none where it looks.
    expect(collected.output).not.toContain('was not found');
  } finally {
    child.kill('SIGTERM');
    await closed;
  }
});

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().on('error', fail);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') done(address.port);
        else fail(new Error('no port'));
      });
    });
  });
}
