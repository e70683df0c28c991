import { spawn } from 'node:child_process';
import { bundleContender } from './bundle';
import type { ContenderName } from './contender';
import { agentId } from './data';
import type { ColdStart, PerContender } from './result';
import { roundOrder } from './round-order';
import type { ReportStep, RunOptions } from './run';
import { median } from './statistics';

interface Start {
  readonly answerMs: number;
  readonly exitMs: number;
}

/** Starts processes of each contender, for one answer each, and measures the duration of their starts. */
export async function measureColdStarts(
  locations: ReadonlyMap<ContenderName, string>,
  options: RunOptions,
  reportStep: ReportStep,
): Promise<PerContender<ColdStart>> {
  const { starts, baseline } = options;
  if (starts === 0) return {};
  reportStep('measuring cold starts');
  const measured = new Map<ContenderName, Start[]>();
  const programs: [ContenderName, readonly string[]][] = [];
  for (const [name, location] of locations) {
    const args = [await bundleContender(name, 'answerOnce', options), location, agentId(0)];
    programs.push([name, args]);
    // Does not count the first start, because its files are not in the file system's cache yet.
    await startOnce(args);
    measured.set(name, []);
  }
  for (let round = 0; round < starts; round += 1) {
    for (const [name, args] of roundOrder(programs, round)) measured.get(name)?.push(await startOnce(args));
  }
  return Object.fromEntries([...measured].map(([name, own]) => [name, toColdStart(own, measured.get(baseline))]));
}

function toColdStart(own: readonly Start[], baseline: readonly Start[] | undefined): ColdStart {
  const ratios = own.flatMap(({ exitMs }, round) => {
    const baselineStart = baseline?.[round];
    return baselineStart === undefined ? [] : [exitMs / baselineStart.exitMs];
  });
  return {
    answerMs: median(own.map(({ answerMs }) => answerMs)),
    exitMs: median(own.map(({ exitMs }) => exitMs)),
    ratio: ratios.length === 0 ? null : median(ratios),
  };
}

function startOnce(args: readonly string[]): Promise<Start> {
  const startedAt = Date.now();
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve({ answerMs: Number(output) - startedAt, exitMs: performance.now() - start });
      else reject(new Error(`a process that was started for one answer ended with ${code ?? 'a signal'}`));
    });
  });
}
