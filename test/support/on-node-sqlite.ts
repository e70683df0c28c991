import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { tmpdir } from 'node:os';

const root = resolve(__dirname, '../..');

/** Major version of Node.js on which the tests run, unless TEST_NODE_VERSION sets another one. */
const defaultMajor = '24';

/**
 * Returns a Node.js of the major version: this one, or one that npm installs in the directory for temporary files.
 * Undefined when the registry cannot be reached, or has none for this system.
 */
function findNode(major: string): string | undefined {
  if (process.versions.node.split('.')[0] === major) return process.execPath;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(tmpdir(), `ans-node-${major}`);
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${major}`], {
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
  }
  return existsSync(binary) ? binary : undefined;
}

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
