import { formatCount } from '../../src/console/format';
import type { ContenderName } from './contender';
import type { BlockResult, ConcurrentMeasurement, RunResult, WorkloadResult } from './result';
import type { Measurement } from './statistics';

/** Table in a form for both the terminal and Markdown. The first column contains texts, the other columns numbers. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const shownNames: Readonly<Record<ContenderName, string>> = {
  raw: 'raw',
  package: 'ans-database',
  old: 'old',
  control: 'control',
  prisma: 'Prisma',
  drizzle: 'Drizzle',
  kysely: 'Kysely',
  typeorm: 'TypeORM',
};

/**
 * Maximum share by which a new build may be slower than an old one. The limit is lower where the measurement is more
 * exact.
 */
const maxAllowance = 0.05;

/** Returns the contenders that took part in a run, in the order of `contenderNames`. */
export function contendersOf({ workloads }: RunResult): ContenderName[] {
  const measured = workloads[0]?.contenders ?? {};
  // The cast is necessary, because TypeScript declares the keys of any object as strings.
  return Object.keys(measured) as ContenderName[];
}

/** Formats all measurements of one workload. */
export function workloadTable({ id, title, contenders }: WorkloadResult, { baseline }: RunResult): Table {
  return {
    title: `${id}  ${title}`,
    header: ['contender', 'ops/s', 'p50 us', 'p99 us', `x ${baseline}`],
    rows: Object.entries(contenders).map(([name, measurement]) => [
      name,
      formatNumber(measurement.opsPerSecond),
      formatCount(measurement.p50Us),
      formatCount(measurement.p99Us),
      formatRatio(measurement.ratio),
    ]),
  };
}

/** Formats the throughput of the contenders relative to the baseline. */
export function ratioTable(run: RunResult): Table {
  const names = contendersOf(run).filter((name) => name !== run.baseline);
  return {
    title: `Throughput relative to ${run.baseline}`,
    header: ['workload', ...names],
    rows: run.workloads.map(({ id, contenders }) => [id, ...names.map((name) => ratioOf(contenders[name]))]),
  };
}

/**
 * Formats the comparison of this build with an old one. A workload is marked as slower when its median duration is
 * longer by more than the spread of the old build's own second process, or by more than 5 %.
 */
export function comparisonTable({ version, agentCount, workloads }: RunResult): Table {
  return {
    title: `${version}, ${formatCount(agentCount)} agents: this build (package) compared with the old one`,
    header: ['workload', 'old p50 us', 'package p50 us', 'p50 x old', 'control x old', 'spread', 'ops/s x old', ''],
    rows: workloads.map(({ id, title, contenders: { old, package: own, control } }) => [
      `${id} ${title}`,
      old === undefined ? '' : formatCount(old.p50Us),
      own === undefined ? '' : formatCount(own.p50Us),
      formatRatio(own?.p50Ratio?.median ?? null, 3),
      formatRatio(control?.p50Ratio?.median ?? null, 3),
      formatRatio(control?.p50Ratio?.spread ?? null, 3),
      formatRatio(own?.ratio ?? null, 3),
      isSlower(own, control) ? 'slower' : '',
    ]),
  };
}

function isSlower(own: Measurement | undefined, control: Measurement | undefined): boolean {
  const allowance = Math.min(maxAllowance, control?.p50Ratio?.spread ?? maxAllowance);
  return (own?.p50Ratio?.median ?? 1) > 1 + allowance;
}

/** Formats one table with the measurements of raw SQL and of this package, and the ratios of all contenders. */
export function summaryTable(run: RunResult): Table {
  const others = contendersOf(run).filter((name) => name !== 'raw');
  return {
    title: `${run.version}, ${formatCount(run.agentCount)} agents`,
    header: ['workload', 'raw ops/s', 'ops/s', 'p50 us', 'p99 us', ...others.map((name) => shownNames[name])],
    rows: run.workloads.map(({ id, title, contenders }) => {
      const { raw, package: own } = contenders;
      const measured =
        own === undefined
          ? ['', '', '']
          : [formatNumber(own.opsPerSecond), formatCount(own.p50Us), formatCount(own.p99Us)];
      const ratios = others.map((name) => ratioOf(contenders[name]));
      return [`${id} ${title}`, raw === undefined ? '' : formatNumber(raw.opsPerSecond), ...measured, ...ratios];
    }),
  };
}

/** Formats the cold starts and the memory of the processes. */
export function processTable(run: RunResult): Table {
  return {
    title: 'A process that starts for one query, and the peak memory of the process that ran all workloads',
    header: ['contender', 'to result ms', 'to exit ms', `exit x ${run.baseline}`, 'peak RSS MiB'],
    rows: contendersOf(run).map((name) => {
      const start = run.coldStarts[name];
      const times =
        start === undefined
          ? ['', '', '']
          : [formatCount(start.answerMs), formatCount(start.exitMs), formatRatio(start.ratio)];
      return [name, ...times, formatCount((run.peakRssBytes[name] ?? 0) / 2 ** 20)];
    }),
  };
}

/** Formats the time that four concurrent searches block the event loop. */
export function blockTable(run: RunResult): Table {
  const names = contendersOf(run);
  const format = ({ title, contenders }: BlockResult): string[] => [
    title,
    ...names.map((name) => {
      const block = contenders[name];
      return block === undefined ? '' : `${block.medianMs.toFixed(1)} / ${block.longestMs.toFixed(1)}`;
    }),
  ];
  return {
    title: 'Longest block of the event loop with four concurrent calls, in milliseconds, median / longest',
    header: ['workload', ...names],
    rows: run.blocks.map(format),
  };
}

/** Formats the throughput of concurrent callers relative to the baseline. */
export function concurrencyTable(run: RunResult): Table {
  const others = contendersOf(run).filter((name) => name !== run.baseline);
  return {
    title: `Throughput of concurrent callers relative to ${run.baseline}`,
    header: ['workload', 'callers', `${run.baseline} ops/s`, ...others.map((name) => shownNames[name])],
    rows: run.concurrency.map(({ id, title, callers, contenders }) => {
      const opsPerSecond = contenders[run.baseline]?.opsPerSecond;
      const first = [`${id} ${title}`, String(callers), opsPerSecond === undefined ? '' : formatNumber(opsPerSecond)];
      return [...first, ...others.map((name) => concurrentRatioOf(contenders[name]))];
    }),
  };
}

function concurrentRatioOf(measurement: ConcurrentMeasurement | undefined): string {
  const failures = measurement?.failures ?? 0;
  return failures === 0 ? ratioOf(measurement) : `${ratioOf(measurement)}, ${formatCount(failures)} failed`;
}

/** Formats the latency of concurrent calls and the time that they block the event loop. */
export function concurrencyLatencyTable(run: RunResult): Table {
  const names = contendersOf(run);
  return {
    title: 'Concurrent callers: p99 of a call / longest block of the event loop, in milliseconds',
    header: ['workload', 'callers', ...names.map((name) => shownNames[name])],
    rows: run.concurrency.map(({ id, callers, contenders }) => [
      ...[id, String(callers)],
      ...names.map((name) => {
        const { p99Us = NaN, longestBlockMs = NaN } = contenders[name] ?? {};
        return `${(p99Us / 1000).toFixed(1)} / ${longestBlockMs.toFixed(0)}`;
      }),
    ]),
  };
}

/**
 * Formats the growth of an operation's time with the number of agents. Returns undefined for results with only one
 * number of agents.
 */
export function growthTable(runs: readonly RunResult[]): Table | undefined {
  const [first] = runs;
  if (first === undefined || runs.length < 2) return undefined;
  const names = contendersOf(first).filter((name) => name === first.baseline || name === 'package');
  const p50s = (id: string, name: ContenderName): number[] =>
    runs.map((run) => run.workloads.find((workload) => workload.id === id)?.contenders[name]?.p50Us ?? NaN);
  return {
    title: `${first.version}: p50 us by the number of agents`,
    header: ['workload', ...runs.map(({ agentCount }) => formatCount(agentCount)), 'growth'],
    rows: first.workloads.flatMap(({ id }) =>
      names.map((name) => {
        const times = p50s(id, name);
        const growth = (times.at(-1) ?? NaN) / (times[0] ?? NaN);
        return [`${id} ${name}`, ...times.map(formatCount), `${growth.toFixed(1)}x`];
      }),
    ),
  };
}

function ratioOf(measurement: Measurement | undefined): string {
  return formatRatio(measurement?.ratio ?? null);
}

function formatRatio(ratio: number | null, digits?: number): string {
  return ratio === null ? '-' : ratio.toFixed(digits ?? (ratio < 0.1 ? 3 : 2));
}

function formatNumber(value: number): string {
  return value < 10 ? value.toFixed(2) : formatCount(value);
}
