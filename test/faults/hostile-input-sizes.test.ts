import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterTest, openTestDatabase } from '../support/test-database';

interface Outcome {
  readonly what: string;
  readonly code?: string;
  readonly expected?: string;
  readonly ms: number;
  readonly blockedMs: number;
  readonly ok?: boolean;
}

/** With LONG_TESTS also what takes seconds. */
const which = process.env['LONG_TESTS'] === undefined ? 'some' : 'all';

/** Maximum time of the largest input on a busy machine; on an idle one it takes a fraction. */
const longestMs = 20_000;
const longestBlockMs = 10_000;

test('What is large is answered or refused soon, in 256 MB, and the process goes on', async () => {
  const { options } = await openTestDatabase();
  const path = join(__dirname, 'hostile-sizes-process.ts');
  const child = spawn(process.execPath, ['--max-old-space-size=256', '--import', 'tsx', path, options.url, which], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  afterTest(() => {
    child.kill('SIGKILL');
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const outcomes: Outcome[] = [];
  // What the process above prints is of this form.
  for await (const line of createInterface(child.stdout)) outcomes.push(JSON.parse(line) as Outcome);
  expect(await ended).toBe(0);
  expect(outcomes.at(-1)).toEqual({ what: 'the end', ok: true });
  const attempts = outcomes.slice(0, -1);
  expect(attempts.length).toBeGreaterThan(40);
  expect(attempts.filter(({ code, expected }) => code !== expected)).toEqual([]);
  expect(attempts.filter(({ ms, blockedMs }) => ms > longestMs || blockedMs > longestBlockMs)).toEqual([]);
}, 180_000);
