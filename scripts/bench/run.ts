import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ScriptError } from '../console/run-script';
import { measureBlocks } from './blocks';
import { loadBuild } from './builds';
import { bundleContender } from './bundle';
import { measureColdStarts } from './cold-start';
import { measureConcurrency } from './concurrency';
import { directoryNames, type ContenderName } from './contender';
import { ContenderProcess } from './contender-process';
import type { DatabaseSize } from './data';
import { openPostgresqlStore } from './engines/postgresql-store';
import { openSqliteStore } from './engines/sqlite-store';
import type { EngineName, Store } from './engines/store';
import type { Slice } from './messages';
import type { BenchOptions } from './options';
import type { RunResult, WorkloadResult } from './result';
import { roundOrder } from './round-order';
import { toMeasurement } from './statistics';
import { createWorkloads, type Workload } from './workloads';

/** Function that reports the step of the benchmark that begins. */
export type ReportStep = (step: string) => void;

/** Options of one benchmark run. */
export interface RunOptions extends BenchOptions {
  readonly engine: EngineName;
  readonly size: DatabaseSize;
  /** Folder for the files of the run; the caller removes it. */
  readonly folder: string;
}

/** Factor by which the first slice of time is longer than the others, to warm up code and caches. */
const warmUpFactor = 5;

/**
 * Runs the benchmark: creates the databases, compares the results of the contenders, and then measures the contenders.
 */
export async function runBenchmark(options: RunOptions, reportStep: ReportStep): Promise<RunResult> {
  const { engine, size, analyze, durable } = options;
  const workloads = createWorkloads(size).filter(({ id }) => options.workloads?.has(id) ?? true);
  if (workloads.length === 0) throw new ScriptError('--workloads must name at least one workload');
  const folder = join(options.folder, `${engine}-${size.agentCount}`);
  mkdirSync(folder);
  const store = engine === 'sqlite' ? openSqliteStore({ folder, analyze }) : await openPostgresqlStore(durable);
  try {
    const locations = await createDatabases(options, store, reportStep);
    return await measureAll({ ...options, folder }, { store, workloads, locations }, reportStep);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Creates a database for each contender, and returns the locations of the databases. */
async function createDatabases(
  { size, builds, contenders }: RunOptions,
  store: Store,
  reportStep: ReportStep,
): Promise<Map<ContenderName, string>> {
  const locations = new Map<ContenderName, string>();
  const filled = new Set<string>();
  for (const name of contenders) {
    // The old build may have another schema, so it fills its own database. All other contenders use the schema of this
    // build.
    const build = name === 'old' || name === 'control' ? 'old' : 'package';
    if (!filled.has(build)) {
      reportStep(
        `${store.version}: filling a database with ${size.agentCount} agents and ${size.eventCount} events through ${build}`,
      );
      await store.fill(build, loadBuild(builds[build]), size);
      filled.add(build);
    }
    locations.set(name, await store.copy(build, name));
  }
  return locations;
}

interface Setup {
  readonly store: Store;
  readonly workloads: readonly Workload[];
  readonly locations: ReadonlyMap<ContenderName, string>;
}

async function measureAll(
  options: RunOptions,
  { store, workloads, locations }: Setup,
  reportStep: ReportStep,
): Promise<RunResult> {
  const { engine, size, baseline, profileFolder } = options;
  const processes: ContenderProcess[] = [];
  try {
    for (const [name, location] of locations) {
      const program = await bundleContender(name, 'serve', options);
      processes.push(await ContenderProcess.start({ name, program, location, size, profileFolder }));
    }
    reportStep('comparing results');
    await compareResults(processes, workloads, store, locations);
    const results: WorkloadResult[] = [];
    const reads = workloads.filter(({ writes }) => !writes);
    for (const workload of reads) results.push(await measureWorkload(processes, workload, options, reportStep));
    const blocks = await measureBlocks(processes, workloads, options, reportStep);
    const writes = workloads.filter((workload) => workload.writes);
    for (const workload of writes) results.push(await measureWorkload(processes, workload, options, reportStep));
    const concurrency = await measureConcurrency(processes, workloads, options, reportStep);
    const peaks: [ContenderName, number][] = [];
    for (const contender of processes) peaks.push([contender.name, await contender.close()]);
    const coldStarts = await measureColdStarts(locations, options, reportStep);
    const { version } = store;
    return {
      ...{ engine, version, ...size, baseline, workloads: results, blocks, concurrency, coldStarts },
      peakRssBytes: Object.fromEntries(peaks),
    };
  } finally {
    for (const contender of processes) contender.kill();
  }
}

function participantsOf({ isForAll }: Workload, processes: readonly ContenderProcess[]): readonly ContenderProcess[] {
  return isForAll ? processes : processes.filter(({ name }) => directoryNames.includes(name));
}

/** Compares the results and the written rows, first of the workloads that all contenders have, then of the others. */
async function compareResults(
  processes: readonly ContenderProcess[],
  workloads: readonly Workload[],
  store: Store,
  locations: ReadonlyMap<ContenderName, string>,
): Promise<void> {
  for (const isForAll of [true, false]) {
    const compared = workloads.filter((workload) => workload.isForAll === isForAll);
    const participants = compared[0] === undefined ? [] : participantsOf(compared[0], processes);
    for (const { id } of compared) {
      const digests: string[] = [];
      for (const contender of participants) digests.push(await contender.check(id));
      assertSame(digests, participants, `the results of ${id}`);
    }
    const digests: string[] = [];
    for (const { name } of participants) digests.push(await store.digestOf(locations.get(name) ?? ''));
    assertSame(digests, participants, 'the written rows');
  }
}

function assertSame(digests: readonly string[], processes: readonly ContenderProcess[], subject: string): void {
  const different = processes.filter((_, index) => digests[index] !== digests[0]).map(({ name }) => name);
  if (different.length > 0) {
    throw new ScriptError(`${subject} of ${different.join(', ')} differ from those of ${processes[0]?.name ?? ''}`);
  }
}

async function measureWorkload(
  processes: readonly ContenderProcess[],
  workload: Workload,
  { rounds, sliceMs, baseline }: RunOptions,
  reportStep: ReportStep,
): Promise<WorkloadResult> {
  const { id, title } = workload;
  reportStep(`measuring ${id}: ${title}`);
  const participants = participantsOf(workload, processes);
  const slices = new Map<ContenderName, Slice[]>(participants.map(({ name }) => [name, []]));
  for (const contender of participants) await contender.measure(id, sliceMs * warmUpFactor);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of roundOrder(participants, round)) {
      slices.get(contender.name)?.push(await contender.measure(id, sliceMs));
    }
  }
  const measurements = [...slices].map(([name, own]) => [name, toMeasurement(own, slices.get(baseline))] as const);
  return { id, title, contenders: Object.fromEntries(measurements) };
}
