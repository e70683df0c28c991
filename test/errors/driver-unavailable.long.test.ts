import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { classifySqliteError } from '../../src/engines/sqlite/errors/classify';
import { describeUnless, describeOn } from '../support/skip';
import { temporaryDirectory } from '../support/test-database';

const modules = join(__dirname, '../../node_modules');
const binary = 'build/Release/better_sqlite3.node';
const soundBinary = join(modules, 'better-sqlite3', binary);

const whyNot = [join(__dirname, '../../dist/index.js'), soundBinary].every(existsSync)
  ? undefined
  : 'needs the compiled package (npm run build) and a better-sqlite3 that was compiled or downloaded by npm';

/**
 * Creates a copy of better-sqlite3 without its binary, as an installation without scripts leaves it. Returns its path.
 */
function installWithoutBinary(): string {
  const project = join(temporaryDirectory(), 'node_modules');
  const driver = join(project, 'better-sqlite3');
  mkdirSync(driver, { recursive: true });
  for (const part of ['package.json', 'lib']) {
    cpSync(join(modules, 'better-sqlite3', part), join(driver, part), { recursive: true });
  }
  for (const name of ['bindings', 'file-uri-to-path']) symlinkSync(join(modules, name), join(project, name));
  return driver;
}

function open(driver: string, ...args: readonly string[]): Record<string, unknown>[] {
  const script = join(__dirname, 'driver-process.cjs');
  const { stdout } = spawnSync(process.execPath, [script, driver, ...args], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const commands = ['npm rebuild better-sqlite3', 'pnpm rebuild better-sqlite3', 'yarn rebuild better-sqlite3'];

describeOn('sqlite', 'opening a SQLite database', () => {
  describeUnless(whyNot, 'in a separate process', () => {
    test('fails with DRIVER_UNAVAILABLE when better-sqlite3 has no binary, and succeeds after the binary is added', () => {
      const [failed, opened] = open(installWithoutBinary(), soundBinary);
      expect(failed).toMatchObject({ code: 'DRIVER_UNAVAILABLE', operation: 'initialize', retryable: false });
      for (const command of commands) expect(failed?.['message']).toContain(command);
      expect(failed?.['message']).not.toMatch(/\//);
      expect(failed?.['original']).toMatch(/^Could not locate the bindings file/);
      expect(opened).toEqual({ code: 'none' });
    });

    test.each([
      ['for another system', 'not a binary'],
      ['truncated', '\x7fELF'],
      ['empty', ''],
    ])('fails with DRIVER_UNAVAILABLE when the binary of better-sqlite3 is %s', (_, content) => {
      const driver = installWithoutBinary();
      mkdirSync(dirname(join(driver, binary)), { recursive: true });
      writeFileSync(join(driver, binary), content);
      const [failed] = open(driver);
      expect(failed).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false, cause: 'ERR_DLOPEN_FAILED' });
      for (const command of commands) expect(failed?.['message']).toContain(command);
    });

    test('fails with DRIVER_UNAVAILABLE when better-sqlite3 is not installed', () => {
      const [failed] = open(join(temporaryDirectory(), 'node_modules/better-sqlite3'));
      expect(failed).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false, cause: 'MODULE_NOT_FOUND' });
      expect(failed?.['message']).toContain('npm install');
    });
  });

  test('fails with DRIVER_UNAVAILABLE when the binary of better-sqlite3 is for another version of Node.js', () => {
    const message = `The module '/app/better_sqlite3.node' was compiled against a different Node.js version using
NODE_MODULE_VERSION 108. This version of Node.js requires NODE_MODULE_VERSION 115.`;
    const failure = classifySqliteError(Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' }));
    expect(failure).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false });
  });

  test.each([
    ['ERR_DLOPEN_FAILED', '/app/better_sqlite3.node: cannot open shared object file: Too many open files'],
    ['ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE'],
  ])('fails with UNAVAILABLE when the process has too many open files: %s', (code, message) => {
    const failure = classifySqliteError(Object.assign(new Error(message), { code }));
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });
});
