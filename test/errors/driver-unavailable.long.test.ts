import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeUnless } from '../support/skip';
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

describeUnless(whyNot, 'DRIVER_UNAVAILABLE', () => {
  test('opening a SQLite database fails with DRIVER_UNAVAILABLE until better-sqlite3 has a binary', () => {
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
  ])(
    'opening a SQLite database fails with DRIVER_UNAVAILABLE when the binary of better-sqlite3 is %s',
    (_, content) => {
      const driver = installWithoutBinary();
      mkdirSync(dirname(join(driver, binary)), { recursive: true });
      writeFileSync(join(driver, binary), content);
      const [failed] = open(driver);
      expect(failed).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false, cause: 'ERR_DLOPEN_FAILED' });
      for (const command of commands) expect(failed?.['message']).toContain(command);
    },
  );

  test('opening a SQLite database fails with DRIVER_UNAVAILABLE when better-sqlite3 is not installed', () => {
    const [failed] = open(join(temporaryDirectory(), 'node_modules/better-sqlite3'));
    expect(failed).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false, cause: 'MODULE_NOT_FOUND' });
    expect(failed?.['message']).toContain('npm install');
  });
});
