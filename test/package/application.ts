import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../support/scratch';

export const root = join(__dirname, '../..');

/** Reason to skip the tests that install packages, or undefined. */
export const withoutRegistry =
  spawnSync('npm', ['ping', '--fetch-retries=1', '--fetch-timeout=20000']).status === 0
    ? undefined
    : 'the registry of npm cannot be reached';

/** Text that the programs of an application print. */
export const programOutput = 'file: a 1 1\nmemory: a 1 1\n';

/** Uses what a bundler may break: the drivers, a thread (backup), embedded migrations, and Prisma's WebAssembly. */
const program = `
export async function run(directory, urls = { file: 'file:' + directory + '/used.sqlite', memory: ':memory:' }) {
  let output = '';
  for (const [name, url] of Object.entries(urls)) {
    const db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    const times = { notBefore: new Date(0), notAfter: new Date(1e13) };
    const certificate = { subject: 's', issuer: 'i', publicKey: 'k', certificate: 'c', fingerprint: 'f', ...times };
    const certificateId = await db.createCertificate(certificate);
    const id = await db.createAgent({ name: 'a', version: '1.2.0', owner: 'o', publicKey: 'k', certificateId });
    const agent = await db.getAgent(id);
    const found = await db.queryAgents({ version: '^1.1.0' });
    const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
    output += name + ': ' + agent.name + ' ' + found.length + ' ' + (await prisma.agent.count()) + '\\n';
    await prisma.$disconnect();
    if (name === 'file') await db.backup(directory + '/backup.sqlite');
    await db.close();
  }
  return output;
}
`;
const imports = `import { DatabaseService } from 'ans-database';
import { PrismaClient, prismaAdapter } from 'ans-database/prisma';`;
const requires = `const { DatabaseService } = require('ans-database');
const { PrismaClient, prismaAdapter } = require('ans-database/prisma');`;
/** Prints the output of `run` in a new directory. */
const main = `
const { mkdtempSync } = require('node:fs');
run(mkdtempSync('run-')).then((output) => process.stdout.write(output));
`;

/** Files of an application, which has unrelated migrations of its own. They fail if the package applies them. */
const files: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "application", "private": true }',
  'run.cjs': `${requires}${program.replace('export async', 'exports.run = run;\nasync')}`,
  'run.mjs': `${imports}${program}`,
  'main.cjs': `const { run } = require('./run.cjs');${main}`,
  'main.mjs': `import { run } from './run.mjs';${main.replace(/const (.*) = require\((.*)\)/, 'import $1 from $2')}`,
  'prisma/migrations/migration_lock.toml': 'provider = "sqlite"\n',
  'prisma/migrations/20200101000000_own/migration.sql': 'SELECT * FROM a_table_that_does_not_exist;\n',
};

/** Creates a directory that contains the packed package. The caller removes it. */
export function packPackage(): string {
  const directory = mkdtempSync(join(scratch, 'ans-package-'));
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], { cwd: root });
  const [name = ''] = readdirSync(directory);
  cpSync(join(directory, name), tarballIn(directory));
  return directory;
}

export function tarballIn(directory: string): string {
  return join(directory, 'ans-database.tgz');
}

/** Creates an application without any package in a new folder of the directory, and returns its path. */
export function createApplication(directory: string, name: string): string {
  const application = join(directory, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(application, file, '..'), { recursive: true });
    writeFileSync(join(application, file), text);
  }
  return application;
}

/** Installs packages without running their scripts, because compiling better-sqlite3 would take minutes. */
export function installWithNpm(directory: string, ...packages: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  const quick = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  run('npm', ['install', ...quick, ...packages], { cwd: directory });
}

/** Copies the binary of this checkout's better-sqlite3 into an installed one, as its install script would. */
export function addBinary(driver: string): void {
  cpSync(join(root, 'node_modules/better-sqlite3/build/Release'), join(driver, 'build/Release'), { recursive: true });
}

interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command to its end and returns its standard output. */
export function run(command: string, args: readonly string[], { cwd, env = {} }: RunOptions): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', env: { ...environment(), ...env }, stdio: 'pipe' });
}

/** Returns the environment of a user without settings of Jest, npm and Yarn. */
function environment(): NodeJS.ProcessEnv {
  const isForeign = (name: string) => /^(?:npm_|JEST_|NODE_|CI$)/.test(name);
  const kept = Object.entries(process.env).filter(([name]) => !isForeign(name));
  return { ...Object.fromEntries(kept), CHECKPOINT_DISABLE: '1', NO_COLOR: '1' };
}

export function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
