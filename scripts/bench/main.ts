import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDuration } from '../../src/console/format';
import { runScript } from '../console/run-script';
import { drawChart } from './chart';
import { parseOptions, usage, type BenchOptions } from './options';
import { formatGrowth, formatRun, toMarkdown } from './report';
import type { BenchReport, RunResult } from './result';
import { runBenchmark } from './run';

async function main(): Promise<void> {
  const options = parseOptions();
  if (options === undefined) {
    console.log(usage);
    return;
  }
  const { fromPath, jsonPath, chartPath, markdownPath } = options;
  const report = fromPath === undefined ? await measure(options) : readReport(fromPath);
  for (const line of formatGrowth(report.results)) console.log(line);
  if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify(report, null, 2)}\n`);
  if (chartPath !== undefined) writeFileSync(chartPath, drawChart(report));
  if (markdownPath !== undefined) writeFileSync(markdownPath, toMarkdown(report));
}

/** Measures all runs. Prints each run when it has ended, so that a later failure does not lose its results. */
async function measure(options: BenchOptions): Promise<BenchReport> {
  const start = performance.now();
  const reportStep = (step: string): void =>
    console.error(`${formatDuration(performance.now() - start).padStart(9)}  ${step}`);
  const folder = mkdtempSync(join(tmpdir(), 'ans-bench-'));
  try {
    const results: RunResult[] = [];
    for (const engine of options.engines) {
      for (const agentCount of options.agentCounts) {
        const size = { agentCount, eventCount: agentCount * options.eventsPerAgent };
        const result = await runBenchmark({ ...options, engine, size, folder }, reportStep);
        for (const line of formatRun(result)) console.log(line);
        results.push(result);
      }
    }
    const { rounds, sliceMs, analyze, durable } = options;
    const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length };
    return { date: new Date().toISOString(), machine, options: { rounds, sliceMs, analyze, durable }, results };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path: string): BenchReport {
  // The cast is safe, because this script has written the file.
  const report = JSON.parse(readFileSync(path, 'utf8')) as BenchReport;
  for (const line of report.results.flatMap(formatRun)) console.log(line);
  return report;
}

void runScript('bench', main);
