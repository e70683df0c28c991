import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ContenderName } from './contender';
import type { Tell } from './run';

const folder = join(__dirname, 'peers');

/** The contenders that this project does not carry: their package.json is one of its own. */
const peers: readonly ContenderName[] = ['drizzle', 'kysely', 'typeorm'];

/** Installs the libraries of peers where that has not been done; gives the contenders that can take part. */
export async function availableContenders(wanted: readonly ContenderName[], tell: Tell): Promise<ContenderName[]> {
  if (!wanted.some((name) => peers.includes(name)) || areInstalled()) return [...wanted];
  tell('installing Drizzle, Kysely and TypeORM (npm ci in scripts/bench/peers)');
  try {
    // Windows knows npm by a script only, which has to go through its shell.
    const options = { cwd: folder, shell: process.platform === 'win32' };
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], options);
    return [...wanted];
  } catch (error) {
    // npm's own account of it follows the command that failed, in lines that each begin with "npm error".
    const lines = error instanceof Error ? error.message.split('\n').slice(0, 4) : [String(error)];
    const reason = lines.map((line) => line.replace(/^npm error /, '')).join('; ');
    tell(`without ${peers.join(', ')}, which cannot be installed: ${reason}`);
    return wanted.filter((name) => !peers.includes(name));
  }
}

/** npm writes this file last; a lock file that is newer asks for other versions. */
function areInstalled(): boolean {
  const mark = join(folder, 'node_modules', '.package-lock.json');
  return existsSync(mark) && statSync(mark).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs;
}
