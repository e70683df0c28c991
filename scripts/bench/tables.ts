import { formatCount } from '../console/format';
import type { ContenderName } from './contender';
import type { BlockResult, RunResult, WorkloadResult } from './result';
import type { Measurement } from './statistics';

/** A table, however it is shown. The first column is of words, the others of numbers. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const shownNames: Readonly<Record<ContenderName, string>> = {
  raw: 'raw',
  package: 'ans-database',
  prisma: 'Prisma',
  drizzle: 'Drizzle',
  kysely: 'Kysely',
  typeorm: 'TypeORM',
};

/** The contenders that took part, in the order of all. */
export function contendersOf({ workloads }: RunResult): ContenderName[] {
  const measured = workloads[0]?.contenders ?? {};
  // The keys of an object are texts to TypeScript, whatever it is declared as.
  return Object.keys(measured) as ContenderName[];
}

/** All that was measured in one workload. */
export function workloadTable({ id, title, contenders }: WorkloadResult): Table {
  return {
    title: `${id}  ${title}`,
    header: ['contender', 'ops/s', 'p50 us', 'p99 us', 'x raw'],
    rows: Object.entries(contenders).map(([name, measurement]) => [
      name,
      formatNumber(measurement.opsPerSecond),
      formatCount(measurement.p50Us),
      formatCount(measurement.p99Us),
      formatRatio(measurement.ratioToRaw),
    ]),
  };
}

/** Formats the throughput of the contenders relative to raw SQL. */
export function ratioTable(run: RunResult): Table {
  const names = contendersOf(run).filter((name) => name !== 'raw');
  return {
    title: 'Of raw, at a glance',
    header: ['workload', ...names],
    rows: run.workloads.map(({ id, contenders }) => [id, ...names.map((name) => ratioOf(contenders[name]))]),
  };
}

/** The same beside what raw and the package do, for those who read one table only. */
export function summaryTable(run: RunResult): Table {
  const others = contendersOf(run).filter((name) => name !== 'raw');
  return {
    title: `${run.version}, ${formatCount(run.agentCount)} agents`,
    header: ['workload', 'raw ops/s', 'ops/s', 'p50 us', 'p99 us', ...others.map((name) => shownNames[name])],
    rows: run.workloads.map(({ id, title, contenders }) => {
      const { raw, package: own } = contenders;
      const measured = own === undefined ? ['', '', ''] : [formatNumber(own.opsPerSecond), ...latencies(own)];
      const ratios = others.map((name) => ratioOf(contenders[name]));
      return [`${id} ${title}`, raw === undefined ? '' : formatNumber(raw.opsPerSecond), ...measured, ...ratios];
    }),
  };
}

/** Memory, and processes that were started for one answer. */
export function processTable(run: RunResult): Table {
  return {
    title: 'Processes: one that is started for one answer, and the most memory of the one that did all of the above',
    header: ['contender', 'to answer ms', 'to exit ms', 'exit x raw', 'peak RSS MiB'],
    rows: contendersOf(run).map((name) => {
      const start = run.coldStarts[name];
      const times =
        start === undefined
          ? ['', '', '']
          : [formatCount(start.answerMs), formatCount(start.exitMs), formatRatio(start.ratioToRaw)];
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
    title: 'Longest block of the event loop with four at once, ms: median / longest',
    header: ['workload', ...names],
    rows: run.blocks.map(format),
  };
}

/** Formats the growth of the time of one operation with the number of agents; undefined for a single size. */
export function growthTable(runs: readonly RunResult[]): Table | undefined {
  const [first] = runs;
  if (first === undefined || runs.length < 2) return undefined;
  const names = contendersOf(first).filter((name) => name === 'raw' || name === 'package');
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
  return formatRatio(measurement?.ratioToRaw ?? null);
}

function formatRatio(ratio: number | null): string {
  return ratio === null ? '-' : ratio.toFixed(ratio < 0.1 ? 3 : 2);
}

function formatNumber(value: number): string {
  return value < 10 ? value.toFixed(2) : formatCount(value);
}

function latencies({ p50Us, p99Us }: Measurement): string[] {
  return [formatCount(p50Us), formatCount(p99Us)];
}
