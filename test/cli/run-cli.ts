import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../support/prisma-cli';

/** Compiled command line, which `npm run build` creates. */
export const cliPath = join(packageRoot, 'dist/cli/main.js');

/** Result of a command. */
export interface CliOutput {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Environment and working directory of a command. */
export interface CliSurroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs the compiled command line to its end, outside of a terminal. DATABASE_URL is unset unless `env` has it. */
export function runCli(args: readonly string[], { env = {}, cwd }: CliSurroundings = {}): Promise<CliOutput> {
  const inherited = Object.entries(process.env).filter(([name]) => name !== 'DATABASE_URL');
  const child = spawn(process.execPath, [cliPath, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (output.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output.stderr += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...output }));
  });
}

/** Runs a command with `--json`, and returns the exit code and the parsed result or error. */
export async function runJson(
  args: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<{ exitCode: number | null; json: unknown }> {
  const { exitCode, stdout } = await runCli([...args, '--json'], surroundings);
  return { exitCode, json: JSON.parse(stdout) as unknown };
}
