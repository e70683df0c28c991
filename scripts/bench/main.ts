import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDuration } from '../console/format';
import { runScript } from '../console/run-script';
import { parseOptions, usage } from './options';
import { formatResult, toJson } from './report';
import { runBenchmark } from './run';

async function main(): Promise<void> {
  const options = parseOptions();
  if (options === undefined) {
    console.log(usage);
    return;
  }
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'ans-bench-'));
  try {
    const tell = (step: string): void =>
      console.error(`${formatDuration(performance.now() - start).padStart(9)}  ${step}`);
    const result = await runBenchmark(options, folder, tell);
    if (options.jsonPath !== undefined) writeFileSync(options.jsonPath, toJson(result, options));
    for (const line of formatResult(result, options)) console.log(line);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void runScript('bench', main);
