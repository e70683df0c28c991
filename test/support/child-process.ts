import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { afterTest } from './test-database';

/** A process that a test starts. It is killed after the test. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** The lines of its standard output. */
  readonly lines: Interface;
  /** Resolves to its exit code, or to null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Writes a line to its standard input and returns the next line of its output. */
  readonly ask: (order: string) => Promise<string>;
  /** Ends it with `kill -9`. */
  readonly kill: () => Promise<void>;
}

/** Starts a process that runs a TypeScript file. */
export function startProcess(path: string, ...args: readonly string[]): TestProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout);
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const ask = (order: string): Promise<string> => {
    const answer = nextLine({ lines });
    child.stdin.write(`${order}\n`);
    return answer;
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  afterTest(kill);
  return { child, lines, ended, ask, kill };
}

/** Returns the next line of the standard output of a process. */
export function nextLine({ lines }: Pick<TestProcess, 'lines'>): Promise<string> {
  return new Promise((done) => lines.once('line', done));
}
