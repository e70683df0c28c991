import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScriptError } from '../console/run-script';
import { buildDatabase, settleDatabase } from './build-database';
import { digestOfTables } from './compare-tables';
import type { ContenderName } from './contender';
import { ContenderProcess } from './contender-process';
import type { Slice } from './messages';
import type { BenchOptions } from './options';
import { toMeasurement, type Measurement } from './statistics';
import { createWorkloads, type Workload } from './workloads';

/** All that was measured in one workload. */
export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly contenders: Readonly<Partial<Record<ContenderName, Measurement>>>;
}

export interface BenchResult {
  readonly workloads: readonly WorkloadResult[];
  readonly peakRssBytes: Readonly<Partial<Record<ContenderName, number>>>;
}

/** Told what is being done. */
export type Tell = (step: string) => void;

const checkedPlaces = 25;
/** How much longer than the others the first slice is, in which code and caches get warm. */
const warmUpFactor = 5;

/** Builds the databases in `folder`, compares the contenders, then measures them. */
export async function runBenchmark(options: BenchOptions, folder: string, tell: Tell): Promise<BenchResult> {
  const { agentCount, contenders, analyze, profileFolder } = options;
  const workloads = createWorkloads(agentCount).filter(({ id }) => options.workloads?.has(id) ?? true);
  if (workloads.length === 0) throw new ScriptError('there is no such workload');
  tell(`filling a database with ${agentCount} agents`);
  const original = join(folder, 'original.sqlite');
  await buildDatabase(original, agentCount);
  settleDatabase(original, analyze);
  const paths = contenders.map((name) => join(folder, `${name}.sqlite`));
  for (const path of paths) copyFileSync(original, path);

  const processes: ContenderProcess[] = [];
  try {
    for (const [index, name] of contenders.entries()) {
      processes.push(await ContenderProcess.start(name, paths[index] ?? '', agentCount, profileFolder));
    }
    tell('comparing results');
    await compareResults(processes, workloads, paths);
    const results: WorkloadResult[] = [];
    for (const workload of workloads) {
      tell(`measuring ${workload.id}: ${workload.title}`);
      results.push(await measureWorkload(processes, workload, options));
    }
    const peaks: [ContenderName, number][] = [];
    for (const contender of processes) peaks.push([contender.name, await contender.close()]);
    return { workloads: results, peakRssBytes: Object.fromEntries(peaks) };
  } finally {
    for (const contender of processes) contender.kill();
  }
}

async function compareResults(
  processes: readonly ContenderProcess[],
  workloads: readonly Workload[],
  paths: readonly string[],
): Promise<void> {
  for (const { id } of workloads) {
    const digests: string[] = [];
    for (const contender of processes) digests.push(await contender.check(id, checkedPlaces));
    if (new Set(digests).size > 1) throw new ScriptError(`${id}: the contenders' results differ`);
  }
  if (new Set(paths.map(digestOfTables)).size > 1) throw new ScriptError('what the contenders wrote differs');
}

async function measureWorkload(
  processes: readonly ContenderProcess[],
  { id, title }: Workload,
  { rounds, sliceMs }: BenchOptions,
): Promise<WorkloadResult> {
  const slices = new Map<ContenderName, Slice[]>(processes.map(({ name }) => [name, []]));
  for (const contender of processes) await contender.measure(id, sliceMs * warmUpFactor);
  for (let round = 0; round < rounds; round += 1) {
    // Each is the first, and follows each other, as often as the others do.
    const first = round % processes.length;
    for (const contender of [...processes.slice(first), ...processes.slice(0, first)]) {
      slices.get(contender.name)?.push(await contender.measure(id, sliceMs));
    }
  }
  const measurements = [...slices].map(([name, own]) => [name, toMeasurement(own, slices.get('raw'))] as const);
  return { id, title, contenders: Object.fromEntries(measurements) };
}
