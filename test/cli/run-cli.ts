import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../support/prisma-cli';
import { runNode, type ProcessResult } from '../support/run-process';
import { isLongRun } from '../support/sampled';
import { runHere } from './run-here';

/** Compiled command line, which `npm run build` creates. */
export const cliPath = join(packageRoot, 'dist/cli/main.js');

/** Environment and working directory of a command. */
export interface CliSurroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

/**
 * Runs a command to its end, outside of a terminal: in the long run the compiled one in a process of its own, in the
 * everyday run that of the source in this process if it needs no input and no other folder. DATABASE_URL is unset
 * unless `env` has it.
 */
export function runCli(
  args: readonly string[],
  { env = {}, cwd, input }: CliSurroundings = {},
): Promise<ProcessResult> {
  if (!isLongRun && cwd === undefined && input === undefined) return runHere(args, env);
  const inherited = Object.entries(process.env).filter(([name]) => name !== 'DATABASE_URL');
  return runNode([cliPath, ...args], { cwd, input, env: { ...Object.fromEntries(inherited), ...env } });
}

/** Runs a command with `--json`, and returns the exit code and the parsed result or error. */
export async function runJson(
  args: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<{ exitCode: number | null; json: unknown }> {
  const { exitCode, stdout } = await runCli([...args, '--json'], surroundings);
  return { exitCode, json: JSON.parse(stdout) as unknown };
}

/** Starts `ans-database studio` in a process of its own. */
export function startStudio(port: number, url: string, cwd: string): ChildProcess {
  return spawn(process.execPath, [cliPath, 'studio', '--port', String(port), '--browser', 'none'], {
    cwd,
    env: { ...process.env, DATABASE_URL: url, CHECKPOINT_DISABLE: '1' },
    stdio: 'ignore',
  });
}
