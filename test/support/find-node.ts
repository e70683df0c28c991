import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

/**
 * Returns a Node.js of the major version: this one, or one that npm installs in the directory for temporary files.
 * Undefined when the registry cannot be reached, or has none for this system.
 */
export function findNode(major: string): string | undefined {
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
