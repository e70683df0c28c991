import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './prisma-cli';
import { scratch } from './scratch';

/** Returns the reason to skip the tests that install packages; undefined when the registry of npm can be reached. */
export function whyNoRegistry(): string | undefined {
  if (process.env['LONG_TESTS'] === undefined) return 'LONG_TESTS is not set';
  const { status } = spawnSync('npm', ['ping', '--fetch-retries=1', '--fetch-timeout=20000']);
  return status === 0 ? undefined : 'the registry of npm cannot be reached';
}

/** Creates a directory that contains the packed package. The caller removes it. */
export function packPackage(): string {
  const directory = mkdtempSync(join(scratch, 'ans-package-'));
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], { cwd: packageRoot });
  const [name = ''] = readdirSync(directory);
  renameSync(join(directory, name), tarballIn(directory));
  return directory;
}

export function tarballIn(directory: string): string {
  return join(directory, 'ans-database.tgz');
}

/** Installs packages without running their scripts, because compiling better-sqlite3 would take minutes. */
export function installWithNpm(directory: string, ...packages: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  const quick = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  run('npm', ['install', ...quick, ...packages], { cwd: directory });
}

/** Copies the binary of this checkout's better-sqlite3 into an installed one, as its install script would. */
export function addBinary(driver: string): void {
  cpSync(join(packageRoot, 'node_modules/better-sqlite3/build/Release'), join(driver, 'build/Release'), {
    recursive: true,
  });
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
  const isForeign = (name: string) => /^(?:npm_|JEST_|NODE_(?!EXTRA_CA_CERTS)|CI$)/.test(name);
  const kept = Object.entries(process.env).filter(([name]) => !isForeign(name));
  return { ...Object.fromEntries(kept), CHECKPOINT_DISABLE: '1', NO_COLOR: '1' };
}

export function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
