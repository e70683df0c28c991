import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { newDatabaseUrl, temporaryDirectory, unmigratedDatabaseUrl } from '../support/test-database';

/** Outcome of a call; `code` is the code of its error, or `none`. */
interface Attempt {
  readonly phase: string;
  readonly name: string;
  readonly code: string;
}

/** Maximum number of open file descriptors of a test process. */
const limit = 100;

/** The reason why these tests cannot run; undefined when they can. */
export const whyNotStarved =
  process.platform === 'win32' || !existsSync(join(__dirname, '../../dist/index.js'))
    ? 'needs a limit of open files, and the compiled package (npm run build)'
    : undefined;

/**
 * Runs a service in a process whose file descriptors are used up in one phase.
 *
 * @param left - number of free descriptors in that phase.
 * @param isEmpty - true when the database has no schema yet.
 */
export async function runStarved(phase: 'initialize' | 'calls' | 'close', left: number, isEmpty = false) {
  const url = isEmpty ? await unmigratedDatabaseUrl() : await newDatabaseUrl();
  const script = join(__dirname, 'starved-process.cjs');
  const copy = join(temporaryDirectory(), 'copy.sqlite');
  const command = `ulimit -n ${limit}; exec "$0" "$@"`;
  const args = ['-c', command, process.execPath, script, url, phase, String(left), 'apply', copy];
  const { stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
  const attempts = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Attempt);
  return {
    stderr,
    starved: attempts.filter((attempt) => attempt.phase === 'starved'),
    fed: attempts.filter((attempt) => attempt.phase !== 'starved'),
  };
}
