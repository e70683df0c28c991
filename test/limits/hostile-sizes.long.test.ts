import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { afterTest, openTestDatabase } from '../support/test-database';

/** Outcome of an attempt, as `hostile-sizes-process.ts` prints it. */
interface Outcome {
  readonly what: string;
  readonly code?: string;
  readonly expected?: string;
  readonly ms: number;
  readonly blockedMs: number;
  readonly ok?: boolean;
}

/** Maximum times of an attempt and of a pause of the event loop on a busy machine. An idle machine needs a fraction. */
const longestMs = 20_000;
const longestBlockMs = 10_000;

test('a process with 256 MB accepts or refuses large input within 20 seconds and continues', async () => {
  const { options } = await openTestDatabase();
  const path = join(__dirname, 'hostile-sizes-process.ts');
  const args = ['--max-old-space-size=256', '--import', 'tsx', path, options.url];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  afterTest(() => {
    child.kill('SIGKILL');
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  // Ends a process that hangs, so that the test shows its last outcome.
  const timer = setTimeout(() => child.kill('SIGKILL'), 300_000);
  afterTest(() => clearTimeout(timer));
  const outcomes: Outcome[] = [];
  // The process prints values of this type.
  for await (const line of createInterface(child.stdout)) outcomes.push(JSON.parse(line) as Outcome);
  const exitCode = await ended;
  expect({ exitCode, last: outcomes.at(-1) }).toEqual({ exitCode: 0, last: { what: 'the end', ok: true } });
  const attempts = outcomes.slice(0, -1);
  expect(attempts.length).toBeGreaterThan(80);
  expect(attempts.filter(({ code, expected }) => code !== expected)).toEqual([]);
  expect(attempts.filter(({ ms, blockedMs }) => ms > longestMs || blockedMs > longestBlockMs)).toEqual([]);
}, 600_000);
