import { spawn } from 'node:child_process';
import { bundleContender } from './bundle';
import type { ContenderName } from './contender';
import { agentId } from './data';
import type { ColdStart, PerContender } from './result';
import type { RunOptions, Tell } from './run';
import { median } from './statistics';

interface Start {
  readonly answerMs: number;
  readonly exitMs: number;
}

/** Starts a process of each contender again and again, for one answer each. */
export async function measureColdStarts(
  locations: ReadonlyMap<ContenderName, string>,
  { engine, starts, folder }: RunOptions,
  tell: Tell,
): Promise<PerContender<ColdStart>> {
  if (starts === 0) return {};
  tell('measuring cold starts');
  const measured = new Map<ContenderName, Start[]>();
  const programs = new Map<ContenderName, string[]>();
  for (const [name, location] of locations) {
    const program = await bundleContender(name, engine, 'answerOnce', folder);
    programs.set(name, [program, location, agentId(0)]);
    // The files of the first one are not in memory yet.
    await startOnce([program, location, agentId(0)]);
    measured.set(name, []);
  }
  for (let round = 0; round < starts; round += 1) {
    for (const [name, args] of programs) measured.get(name)?.push(await startOnce(args));
  }
  const raw = measured.get('raw');
  return Object.fromEntries([...measured].map(([name, own]) => [name, toColdStart(own, raw)]));
}

function toColdStart(own: readonly Start[], raw: readonly Start[] | undefined): ColdStart {
  const ratios = own.flatMap(({ exitMs }, round) => {
    const rawStart = raw?.[round];
    return rawStart === undefined ? [] : [exitMs / rawStart.exitMs];
  });
  return {
    answerMs: median(own.map(({ answerMs }) => answerMs)),
    exitMs: median(own.map(({ exitMs }) => exitMs)),
    ratioToRaw: ratios.length === 0 ? null : median(ratios),
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
