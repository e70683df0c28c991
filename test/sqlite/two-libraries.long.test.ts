import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nextLine, startProcess } from '../support/child-process';
import { scratch } from '../support/scratch';
import { temporaryDirectory } from '../support/test-database';

const repository = join(__dirname, '../..');
const driver = dirname(require.resolve('better-sqlite3/package.json'));
const binary = 'build/Release/better_sqlite3.node';

/** Copies the package and its driver. Without a binary of its own, the copy links to that of `a`. */
function copyPackage(root: string, folder: string, hasBinary: boolean): void {
  const target = join(root, folder);
  for (const name of ['src', 'prisma', 'package.json', 'tsconfig.json']) {
    cpSync(join(repository, name), join(target, 'package', name), { recursive: true });
  }
  const copy = join(target, 'node_modules/better-sqlite3');
  for (const name of ['lib', 'package.json']) cpSync(join(driver, name), join(copy, name), { recursive: true });
  mkdirSync(dirname(join(copy, binary)), { recursive: true });
  if (hasBinary) cpSync(join(driver, binary), join(copy, binary));
  else symlinkSync(join(root, 'a/node_modules/better-sqlite3', binary), join(copy, binary));
}

describe('two copies of the package in one process', () => {
  let root = '';

  beforeAll(() => {
    root = mkdtempSync(join(scratch, 'ans-copies-'));
    // All other dependencies are shared.
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
    copyPackage(root, 'a', true);
    copyPackage(root, 'b', true);
    copyPackage(root, 'linked', false);
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function run(scenario: string): Promise<unknown> {
    const path = join(temporaryDirectory(), 'test.sqlite');
    const child = startProcess(join(__dirname, 'two-libraries-process.ts'), root, scenario, path);
    return JSON.parse(await nextLine(child));
  }

  const nameOf = (folder: string): string => join(root, folder, 'node_modules/better-sqlite3', binary);
  const refusal = (...folders: readonly string[]): unknown => ({
    code: 'UNAVAILABLE',
    retryable: false,
    message: expect.stringMatching(new RegExp(folders.map(nameOf).join('.*'))) as string,
  });

  test('two copies of the package with separate binaries can open one file only one after the other', async () => {
    expect(await run('two binaries')).toEqual([refusal('a', 'b'), refusal('a', 'b'), 'done', 10]);
  });

  test('two copies of the package with the same binary can share a file and lose no write', async () => {
    expect(await run('one binary')).toEqual([60]);
  });

  test('two copies of the package can migrate separate databases at the same time', async () => {
    expect(await run('own databases')).toEqual(['done', 'done']);
  });

  test('the package refuses to open a file that the driver of the application has open', async () => {
    expect(await run('own driver')).toEqual([refusal('b', 'a')]);
  });

  test('the package can open a file while the driver of the application has another one open', async () => {
    expect(await run('own driver elsewhere')).toEqual(['done']);
  });
});
