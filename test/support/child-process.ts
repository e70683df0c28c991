import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { afterTest } from './test-database';

/** A process of a test's own; it is ended with the test. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** Its lines on the standard output, as they come. */
  readonly lines: Interface;
  /** Resolves to its exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts a TypeScript file. */
export function startProcess(path: string, ...args: readonly string[]): TestProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  afterTest(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, lines: createInterface(child.stdout), ended };
}

/** The next line of a process. */
export function nextLine({ lines }: TestProcess): Promise<string> {
  return new Promise((done) => lines.once('line', done));
}
