import { spawn } from 'node:child_process';
import { delimiter, dirname, resolve } from 'node:path';
import { findNode } from './find-node';

const root = resolve(__dirname, '../..');

/** Major version of Node.js on which the tests run, unless TEST_NODE_VERSION sets another one. */
const defaultMajor = '24';

/** Runs the tests of SQLite on `node:sqlite`, with the arguments of Jest; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const major = process.env['TEST_NODE_VERSION'] ?? defaultMajor;
  const node = findNode(major);
  if (node === undefined) {
    process.stderr.write(`Not run: npm could not install Node.js ${major}\n`);
    return 0;
  }
  const child = spawn(node, [require.resolve('jest/bin/jest'), '--selectProjects=sqlite', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      TEST_SQLITE_DRIVER: 'node:sqlite',
      // Some tests start `node` by its name.
      PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`,
    },
  });
  return await new Promise((settle, reject) => {
    child.once('error', reject);
    child.once('close', (code) => settle(code ?? 1));
  });
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
