import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import SqliteDriver from './sqlite-driver';
import { engine, onPostgresql, type Engine } from './engine';
import { runRaw } from './raw-client';
import { isPostgresql, type RawRow } from './raw-reader';
import { scratch } from './scratch';
import { afterTest, unmigratedDatabaseUrl } from './test-database';

export const packageRoot = resolve(__dirname, '../..');

const cli = join(packageRoot, 'node_modules/prisma/build/index.js');

export interface CliResult {
  readonly exitCode: number | null;
  /** Standard output of the command. */
  readonly stdout: string;
  /** Standard output and standard error of the command, in the order of arrival. */
  readonly output: string;
}

export interface CliOptions {
  /** Standard input of the command. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Returns a matcher for the result of a command with this exit code and this text in its output. */
export function exited(exitCode: number, text: string | RegExp): object {
  const output: unknown = typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text);
  return { exitCode, output };
}

/** A directory with a database for Prisma's CLI. */
export class PrismaProject {
  readonly directory = mkdtempSync(join(scratch, 'ans-database-cli-'));
  readonly databasePath: string;
  /** DATABASE_URL of the commands, relative to the directory. A test may set another one. */
  databaseUrl: string;
  #config = join(packageRoot, 'prisma.config.ts');
  #provider: Engine = 'sqlite';
  #env: Readonly<Record<string, string>> = {};

  private constructor(databaseName: string) {
    this.databasePath = join(this.directory, databaseName);
    this.databaseUrl = `file:./${databaseName}`;
    afterTest(() => this.dispose());
  }

  /** Creates a project with the schema and the migrations of this package. */
  static ofPackage(databaseName = 'test.sqlite'): PrismaProject {
    return new PrismaProject(databaseName);
  }

  /** Creates a project with the configuration of this package, but its own schema and migrations. */
  static withModels(models: string, provider: Engine = 'sqlite'): PrismaProject {
    const project = new PrismaProject('test.sqlite');
    project.#provider = provider;
    project.#config = join(project.directory, 'prisma.config.ts');
    const base = JSON.stringify(join(packageRoot, 'prisma.config'));
    const overrides = "schema: 'schema.prisma', migrations: { path: 'migrations' }";
    project.write('prisma.config.ts', `import base from ${base};\nexport default { ...base, ${overrides} };\n`);
    project.write('migrations/migration_lock.toml', `provider = "${provider}"\n`);
    project.writeSchema(models);
    return project;
  }

  /** Creates a project whose `prisma.config.ts` the caller writes. @param env - of its commands. */
  static ofApplication(env: Readonly<Record<string, string>>): PrismaProject {
    const project = new PrismaProject('app.sqlite');
    project.#config = join(project.directory, 'prisma.config.ts');
    project.#env = env;
    return project;
  }

  writeSchema(models: string): void {
    const generator = 'generator client {\n  provider = "prisma-client"\n  output = "./client"\n}';
    this.write('schema.prisma', `datasource db {\n  provider = "${this.#provider}"\n}\n${generator}\n${models}\n`);
  }

  writeMigration(name: string, sql: string): void {
    this.write(`migrations/${name}/migration.sql`, sql);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  /** Runs `prisma <command>` to its end. */
  run(command: string, options: CliOptions = {}): Promise<CliResult> {
    const { child, collected } = this.start(command, options);
    child.stdin.end(options.input ?? '');
    return new Promise((done, fail) => {
      child.on('error', fail);
      child.on('close', (exitCode) => done({ exitCode, ...collected }));
    });
  }

  start(command: string, { env = {} }: CliOptions = {}) {
    const child = spawn(process.execPath, [cli, ...command.split(' '), '--config', this.#config], {
      cwd: this.directory,
      env: { ...environment(), DATABASE_URL: this.databaseUrl, ...this.#env, ...env },
    });
    const collected = { stdout: '', output: '' };
    child.stdout.on('data', (text: Buffer) => {
      collected.stdout += text.toString();
      collected.output += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => (collected.output += text.toString()));
    return { child, collected };
  }

  /** Runs statements on the database and returns the rows of the last one. */
  async sql(...statements: readonly string[]): Promise<RawRow[]> {
    if (isPostgresql(this.databaseUrl)) return (await runRaw(this.databaseUrl, statements.join(';'))).at(-1) ?? [];
    const database = new SqliteDriver(this.databasePath);
    try {
      statements.slice(0, -1).forEach((statement) => database.exec(statement));
      const last = database.prepare<[], RawRow>(statements.at(-1) ?? '');
      if (last.reader) return last.all();
      last.run();
      return [];
    } finally {
      database.close();
    }
  }

  /** Returns the names of the tables, sorted. */
  async tables(): Promise<unknown[]> {
    const names = isPostgresql(this.databaseUrl)
      ? "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
      : "SELECT name FROM sqlite_schema WHERE type = 'table'";
    return (await this.sql(names)).map(({ name }) => String(name)).sort();
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Creates a project with the schema and the migrations of this package, on an empty database of the engine under test. */
export function projectOfPackage(): Promise<PrismaProject> {
  return onDatabase(PrismaProject.ofPackage());
}

/** Creates a project with a schema of its own, on an empty database of the engine under test. */
export function projectWithModels(models: string): Promise<PrismaProject> {
  return onDatabase(PrismaProject.withModels(models, engine));
}

async function onDatabase(project: PrismaProject): Promise<PrismaProject> {
  if (onPostgresql) project.databaseUrl = await unmigratedDatabaseUrl();
  return project;
}

/** Returns the page of a server that has just been started. */
export async function whenReachable(address: string): Promise<Response> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetch(address);
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

/**
 * Calls `work` with the address of a web server when its process is ready, and ends the process. Returns the exit code.
 */
export async function whileServing(
  child: ChildProcess,
  port: number,
  work: (address: string) => Promise<void>,
): Promise<unknown> {
  const closed = new Promise((done) => child.on('close', done));
  const address = `http://localhost:${port}`;
  try {
    expect((await whenReachable(address)).status).toBe(200);
    await work(address);
  } finally {
    child.kill('SIGTERM');
    await closed;
  }
  return closed;
}

/** Returns the answer of Prisma Studio to a query: its error, which is null on success, and the rows. */
export async function queryStudio(address: string, sql: string): Promise<unknown> {
  const body = JSON.stringify({ procedure: 'query', query: { sql, parameters: [] } });
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${address}/bff`, { method: 'POST', headers, body })).json();
}

/** Returns the environment of a user without settings for Prisma. */
function environment(): NodeJS.ProcessEnv {
  const ignored = new Set(['PRISMA_SCHEMA_ENGINE_BINARY', 'DATABASE_URL', 'NODE_OPTIONS']);
  const kept = Object.entries(process.env).filter(([name]) => !ignored.has(name));
  return { ...Object.fromEntries(kept), CHECKPOINT_DISABLE: '1', NO_COLOR: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
}
