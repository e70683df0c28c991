import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDuration } from '../console/format';
import { runScript } from '../console/run-script';
import { parseOptions, usage } from './options';
import { availableContenders } from './peers';
import { formatResult, toJson } from './report';
import type { RunResult } from './result';
import { runBenchmark } from './run';

async function main(): Promise<void> {
  const given = parseOptions();
  if (given === undefined) {
    console.log(usage);
    return;
  }
  const start = performance.now();
  const tell = (step: string): void =>
    console.error(`${formatDuration(performance.now() - start).padStart(9)}  ${step}`);
  const options = { ...given, contenders: await availableContenders(given.contenders, tell) };
  const folder = mkdtempSync(join(tmpdir(), 'ans-bench-'));
  try {
    const results: RunResult[] = [];
    for (const engine of options.engines) {
      for (const agentCount of options.agentCounts) {
        const result = await runBenchmark({ ...options, engine, agentCount, folder }, tell);
        for (const line of formatResult(result, options)) console.log(line);
        results.push(result);
      }
    }
    if (options.jsonPath !== undefined) writeFileSync(options.jsonPath, toJson(results, options));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void runScript('bench', main);
