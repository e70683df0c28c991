import { join } from 'node:path';
import { packageRoot } from '../support/prisma-cli';
import { runNode, type ProcessResult } from '../support/run-process';

/** Runs a script as its npm script does. */
export function runScript(
  script: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ProcessResult> {
  return runNode(['--import', 'tsx', join(packageRoot, 'scripts', script), ...args], {
    cwd: packageRoot,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
}
