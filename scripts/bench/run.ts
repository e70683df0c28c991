import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ScriptError } from '../console/run-script';
import { measureBlocks } from './blocks';
import { loadBuild, ownPackage, resolveBuild } from './builds';
import { bundleContender } from './bundle';
import { measureColdStarts } from './cold-start';
import type { ContenderName } from './contender';
import { ContenderProcess } from './contender-process';
import { openPostgresqlStore } from './engines/postgresql-store';
import { openSqliteStore } from './engines/sqlite-store';
import type { EngineName, Store } from './engines/store';
import type { Slice } from './messages';
import type { BenchOptions } from './options';
import type { RunResult, WorkloadResult } from './result';
import { toMeasurement } from './statistics';
import { createWorkloads, type Workload } from './workloads';

/** Reports the present step. */
export type Tell = (step: string) => void;

/** Options of one run. */
export interface RunOptions extends BenchOptions {
  readonly engine: EngineName;
  readonly agentCount: number;
  /** For files; the caller removes it. */
  readonly folder: string;
}

/** Factor by which the first slice is longer than the others, to warm up code and caches. */
const warmUpFactor = 5;

/** Makes the databases, compares the contenders, then measures them. */
export async function runBenchmark(options: RunOptions, tell: Tell): Promise<RunResult> {
  const { engine, agentCount, analyze } = options;
  const workloads = createWorkloads(agentCount).filter(({ id }) => options.workloads?.has(id) ?? true);
  if (workloads.length === 0) throw new ScriptError('there is no such workload');
  const folder = join(options.folder, `${engine}-${agentCount}`);
  mkdirSync(folder);
  const store = engine === 'sqlite' ? openSqliteStore({ folder, analyze }) : await openPostgresqlStore();
  try {
    tell(`${store.version}: filling a database with ${agentCount} agents`);
    await store.fill(loadBuild(resolveBuild(ownPackage)), agentCount);
    return await measureAll({ ...options, folder }, store, workloads, tell);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  options: RunOptions,
  store: Store,
  workloads: readonly Workload[],
  tell: Tell,
): Promise<RunResult> {
  const { engine, agentCount, contenders, profileFolder } = options;
  const locations = new Map<ContenderName, string>();
  for (const name of contenders) locations.set(name, await store.copy(name));
  const processes: ContenderProcess[] = [];
  try {
    for (const [name, location] of locations) {
      const program = await bundleContender(name, engine, 'serve', options.folder);
      processes.push(await ContenderProcess.start({ name, program, location, agentCount, profileFolder }));
    }
    tell('comparing results');
    await compareResults(processes, workloads, store, [...locations.values()]);
    const results: WorkloadResult[] = [];
    const reads = workloads.filter(({ writes }) => !writes);
    for (const workload of reads) results.push(await measureWorkload(processes, workload, options, tell));
    const blocks = await measureBlocks(processes, workloads, options, tell);
    const writes = workloads.filter((workload) => workload.writes);
    for (const workload of writes) results.push(await measureWorkload(processes, workload, options, tell));
    const peaks: [ContenderName, number][] = [];
    for (const contender of processes) peaks.push([contender.name, await contender.close()]);
    const coldStarts = await measureColdStarts(locations, options, tell);
    const { version } = store;
    return {
      ...{ engine, version, agentCount, workloads: results, blocks, coldStarts },
      peakRssBytes: Object.fromEntries(peaks),
    };
  } finally {
    for (const contender of processes) contender.kill();
  }
}

async function compareResults(
  processes: readonly ContenderProcess[],
  workloads: readonly Workload[],
  store: Store,
  locations: readonly string[],
): Promise<void> {
  for (const { id } of workloads) {
    const digests: string[] = [];
    for (const contender of processes) digests.push(await contender.check(id));
    assertSame(digests, processes, `${id}: results`);
  }
  const digests: string[] = [];
  for (const location of locations) digests.push(await store.digestOf(location));
  assertSame(digests, processes, 'what is written');
}

function assertSame(digests: readonly string[], processes: readonly ContenderProcess[], what: string): void {
  const other = processes.filter((_, index) => digests[index] !== digests[0]).map(({ name }) => name);
  if (other.length > 0) throw new ScriptError(`${what}: ${other.join(', ')} differ from ${processes[0]?.name ?? ''}`);
}

async function measureWorkload(
  processes: readonly ContenderProcess[],
  { id, title, records }: Workload,
  { rounds, sliceMs }: BenchOptions,
  tell: Tell,
): Promise<WorkloadResult> {
  tell(`measuring ${id}: ${title}`);
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
  return { id, title, records, contenders: Object.fromEntries(measurements) };
}
