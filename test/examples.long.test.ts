import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseService } from '../src';
import { onPostgresql } from './support/engine';
import { createAgent } from './support/factories';
import { addBinary, installWithNpm, packPackage, remove, tarballIn, whyNoRegistry } from './support/packed-package';
import { packageRoot, whenReachable } from './support/prisma-cli';
import { runNode, type ProcessResult } from './support/run-process';
import { findFreePort } from './support/server-process';
import { describeUnless } from './support/skip';
import { afterTest, openTestDatabase, temporaryDirectory, unmigratedDatabaseUrl } from './support/test-database';
import { waitUntil } from './support/wait-until';

// Installs packages, and compiles three programs.
jest.setTimeout(600_000);

const source = join(packageRoot, 'examples');
const names = readdirSync(source).filter((name) => existsSync(join(source, name, 'package.json')));

/** Content of the file of `follow-changes`. */
interface Followed {
  readonly agents: [id: string, entry: object][];
}

/** Environment without the settings of the tests, so that the examples use their defaults. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'DATABASE_URL'));

/**
 * Installs the examples with the packed package in its directory, as workspaces of one project to install their packages
 * once.
 */
function install(project: string): void {
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, workspaces: names }));
  for (const name of names) {
    cpSync(join(source, name), join(project, name), { recursive: true });
    const path = join(project, name, 'package.json');
    const text = readFileSync(path, 'utf8').replace(/("ans-database": )"[^"]+"/, `$1"file:${tarballIn('..')}"`);
    writeFileSync(path, text);
  }
  installWithNpm(project);
  const driver = join(project, 'node_modules/better-sqlite3');
  if (existsSync(driver)) addBinary(driver);
}

describeUnless(whyNoRegistry(), 'the examples', () => {
  let project = '';
  const folder = (name: string): string => join(project, name);

  beforeAll(() => {
    project = packPackage();
    install(project);
  });
  afterAll(() => remove(project));

  /** Starts the compiled program of an example, which ends with the test. */
  function startProgram(name: string, env: Readonly<Record<string, string>>): Running {
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: folder(name),
      env: { ...environment, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return new Running(child);
  }

  function run(name: string, url: string, ...args: readonly string[]): Promise<ProcessResult> {
    return runNode(['dist/main.js', ...args], { cwd: folder(name), env: { ...environment, DATABASE_URL: url } });
  }

  test.each(names)('the example %s compiles with strict types', async (name) => {
    const compiler = join(project, 'node_modules/typescript/bin/tsc');
    expect(await runNode([compiler], { cwd: folder(name), env: environment })).toMatchObject({
      exitCode: 0,
      stdout: '',
    });
  });

  test('the example seed stores agents once and reports refused agents', async () => {
    const url = await unmigratedDatabaseUrl();
    const first = await run('seed', url);
    expect(first).toEqual({ exitCode: 0, stdout: '3 created, 0 present, 0 refused\n', stderr: '3 of 3\n' });
    const file = join(temporaryDirectory(), 'agents.json');
    const agent = { name: 'Other', version: '1.0.0', owner: 'acme', publicKey: 'k' };
    writeFileSync(file, JSON.stringify([agent, { ...agent, owner: '' }, { ...agent, id: 'weather' }]));
    expect(await run('seed', url, file)).toEqual({
      exitCode: 1,
      stdout: '1 created, 1 present, 1 refused\n',
      stderr: expect.stringMatching(/^3 of 3\nagent 2: .*owner must not be empty\n$/) as string,
    });
  });

  test('the example follow-changes resumes after kill -9 and misses no change', async () => {
    const { db, options } = await openTestDatabase();
    const file = join(temporaryDirectory(), 'directory.json');
    const env = { DATABASE_URL: options.url, DIRECTORY_FILE: file };
    const followed = (): [id: string, entry: object][] => {
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Followed).agents : [];
    };
    const isFollowed = async (): Promise<boolean> => {
      const active = await db.queryAgents({ status: ['ACTIVE'] });
      const ids = followed().map(([id]) => id);
      return (
        ids.sort().join() ===
        active
          .map(({ id }) => id)
          .sort()
          .join()
      );
    };
    await createAgent(db, { id: 'before', name: 'Before' });
    const worker = startProgram('follow-changes', env);
    await waitUntil(isFollowed);
    for (let index = 0; index < 20; index += 1) await createAgent(db, { id: `a${index}` });
    await worker.end('SIGKILL');
    await db.deleteAgent('a3');
    await db.updateAgent({ id: 'a4', name: 'Renamed' });

    const resumed = startProgram('follow-changes', env);
    await waitUntil(isFollowed);
    await waitUntil(() => JSON.stringify(followed()).includes('Renamed'));
    expect(await resumed.end('SIGTERM')).toBe(0);
    expect(resumed.output).toMatch(/^following from \d+\n/);

    await db.pruneChanges({ before: new Date(Date.now() + 1000) });
    await db.deleteAgent('before');
    await db.pruneChanges({ before: new Date(Date.now() + 1000) });
    const late = startProgram('follow-changes', env);
    await waitUntil(isFollowed);
    expect(await late.end('SIGTERM')).toBe(0);
    expect(late.output).toContain('changes were missed: rebuilding\n');
  });

  test('the example fastify-registry registers, resolves, renews and revokes agents, and shuts down in order', async () => {
    const url = await unmigratedDatabaseUrl();
    if (onPostgresql) {
      const ansDatabase = join(project, 'node_modules/.bin/ans-database');
      await promisify(execFile)(ansDatabase, ['migrate', 'deploy'], { env: { ...environment, DATABASE_URL: url } });
    }
    const port = String(await findFreePort());
    const service = startProgram('fastify-registry', {
      DATABASE_URL: url,
      PORT: port,
      OTEL_TRACES_EXPORTER: 'console',
    });
    const address = `http://127.0.0.1:${port}`;
    const send = async (path: string, body?: object): Promise<[status: number, body: unknown]> => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const response = await fetch(address + path, body === undefined ? {} : init);
      const text = await response.text();
      return [response.status, text === '' ? undefined : JSON.parse(text)];
    };
    expect((await whenReachable(`${address}/ready`)).status).toBe(200);
    expect(await send('/health')).toMatchObject([200, { status: 'up' }]);

    const certificate = readFileSync(join(source, 'seed/data/certificate.pem'), 'utf8');
    const agent = { name: 'Translator', version: '1.4.0', owner: 'acme', capabilities: ['translate'] };
    const [status, registered] = await send('/agents', { certificate, agent });
    expect([status, registered]).toMatchObject([201, { agentId: expect.any(String) as string }]);
    const { agentId: id } = registered as { agentId: string }; // The response above.
    expect(await send('/agents', { certificate, agent })).toMatchObject([409, { code: 'ALREADY_EXISTS' }]);
    expect(await send('/agents', { certificate: 'none', agent })).toMatchObject([400, { field: 'pem' }]);
    expect(await send('/agents', { agent })).toMatchObject([400, { status: 400 }]);
    expect(await send('/agents?version=^1.2.0&capabilities=translate')).toMatchObject([
      200,
      [{ id, name: agent.name }],
    ]);
    expect(await send('/agents?capabilities=translate&capabilities=fly')).toEqual([200, []]);
    expect(await send(`/agents/${id}/renew`, { expiresAt: '2090-01-01T00:00:00Z' })).toEqual([204, undefined]);
    expect(await send(`/agents/${id}`)).toMatchObject([200, { expiresAt: '2090-01-01T00:00:00.000Z' }]);
    expect(await send('/agents/absent')).toMatchObject([404, {}]);
    expect(await send(`/agents/${id}/revoke`, { reason: 'wrong' })).toMatchObject([400, { code: 'INVALID_INPUT' }]);
    expect(await send(`/agents/${id}/revoke`, { reason: 'keyCompromise' })).toMatchObject([200, { agents: [id] }]);
    expect(await send('/agents?name=trans')).toEqual([200, []]);
    const events = [{ eventType: 'AGENT_REVOKED', target: id }, { eventType: 'AGENT_REGISTERED' }];
    expect(await send('/events?minSeverity=INFO')).toMatchObject([200, { items: events }]);

    const last = send('/agents');
    const start = performance.now();
    expect(await service.end('SIGTERM')).toBe(0);
    // Less than the 72 seconds for which Fastify keeps a connection that no request uses.
    expect(performance.now() - start).toBeLessThan(30_000);
    await last.catch(() => undefined);
    expect(service.output).toMatch(/"msg":"stopped"/);
    // Spans of a request, a call and a statement.
    for (const span of ['agents.query', 'transaction', 'SELECT']) expect(service.output).toContain(`name: '${span}'`);
    await using db = new DatabaseService({ url });
    await db.initialize();
    expect(await db.check()).toMatchObject({ ok: true });
  });
});

/** A program of an example, and its output. */
class Running {
  output = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((done) => child.once('close', done));
    child.stdout?.on('data', (text: Buffer) => (this.output += text.toString()));
    afterTest(async () => {
      await this.end('SIGKILL');
    });
  }

  /** Sends a signal, and returns the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.#ended;
  }
}
