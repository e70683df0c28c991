import { spawn } from 'node:child_process';

export interface ProcessResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node.js with arguments to its end, without a terminal. The standard input is `input`. */
export function runNode(
  args: readonly string[],
  {
    env,
    cwd,
    input = '',
  }: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string | undefined; readonly input?: string | undefined },
): Promise<ProcessResult> {
  const child = spawn(process.execPath, args, { cwd, env, stdio: 'pipe' });
  // A process may end before it has read its input.
  child.stdin.on('error', () => undefined).end(input);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (output.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output.stderr += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...output }));
  });
}
