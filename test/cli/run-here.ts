import { createProgram, runProgram } from '../../src/cli/program';
import type { ProcessResult } from '../support/run-process';

/** End of the previous command: a command sets the exit code of the process. */
let previous: Promise<unknown> = Promise.resolve();

/** Runs a command of the source in this process, after the commands that were started before. */
export function runHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<ProcessResult> {
  const running = previous.then(() => run(args, env));
  previous = running.catch(() => undefined);
  return running;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<ProcessResult> {
  const output = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).flatMap((name) => [
    jest.spyOn(console, name === 'stdout' ? 'log' : 'error').mockImplementation((...texts: readonly unknown[]) => {
      output[name] += `${texts.join(' ')}\n`;
    }),
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      output[name] += String(text);
      return true;
    }),
  ]);
  const before = { ...process.env };
  const terminals = [process.stdout, process.stderr].map((stream) => ({ stream, isTTY: stream.isTTY }));
  for (const { stream } of terminals) stream.isTTY = false;
  delete process.env['DATABASE_URL'];
  Object.assign(process.env, env);
  try {
    await runProgram(createProgram(), ['node', 'ans-database', ...args]);
    return { exitCode: Number(process.exitCode ?? 0), ...output };
  } finally {
    process.exitCode = undefined;
    process.env = before;
    for (const { stream, isTTY } of terminals) stream.isTTY = isTTY;
    for (const spy of spies) spy.mockRestore();
  }
}
