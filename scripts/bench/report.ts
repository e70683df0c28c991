import { cpus } from 'node:os';
import { formatCount } from '../console/format';
import { formatTable } from '../console/table';
import type { BenchOptions } from './options';
import type { RunResult, WorkloadResult } from './result';
import type { Measurement } from './statistics';

const lineWidth = 100;

/** The results as lines to print. */
export function formatResult({ workloads, peakRssBytes }: RunResult, { contenders }: BenchOptions): string[] {
  const lines: string[] = [];
  for (const { id, title, contenders: measured } of workloads) {
    const rows = contenders.flatMap((name) => {
      const measurement = measured[name];
      return measurement === undefined ? [] : [[name, ...formatMeasurement(measurement)]];
    });
    const columns = ['ops/s', 'p50 us', 'p99 us', 'x raw'].map((text) => ({ title: text, align: 'right' as const }));
    lines.push(`${id}  ${title}`, ...indent(formatTable([{ title: 'contender' }, ...columns], rows, lineWidth)), '');
  }
  const memory = contenders.map((name) => [name, ((peakRssBytes[name] ?? 0) / 2 ** 20).toFixed(0)]);
  lines.push('Of raw, at a glance', ...indent(formatOverview(workloads, contenders)), '');
  lines.push(
    ...indent(formatTable([{ title: 'contender' }, { title: 'peak RSS MiB', align: 'right' }], memory, lineWidth)),
  );
  return lines;
}

/** The results as a file for other programs. */
export function toJson(results: readonly RunResult[], options: BenchOptions): string {
  const { rounds, sliceMs, analyze } = options;
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length };
  return `${JSON.stringify({ date: new Date(), machine, options: { rounds, sliceMs, analyze }, results }, null, 2)}\n`;
}

function formatOverview(workloads: readonly WorkloadResult[], contenders: BenchOptions['contenders']): string[] {
  const others = contenders.filter((name) => name !== 'raw');
  const rows = others.map((name) => [name, ...workloads.map((workload) => formatRatio(workload.contenders[name]))]);
  const columns = workloads.map(({ id }) => ({ title: id, align: 'right' as const }));
  return formatTable([{ title: 'contender' }, ...columns], rows, lineWidth);
}

function formatMeasurement(measurement: Measurement): string[] {
  const { opsPerSecond, p50Us, p99Us } = measurement;
  return [formatCount(opsPerSecond), formatCount(p50Us), formatCount(p99Us), formatRatio(measurement)];
}

function formatRatio(measurement: Measurement | undefined): string {
  const ratio = measurement?.ratioToRaw ?? null;
  return ratio === null ? '-' : ratio.toFixed(ratio < 0.1 ? 3 : 2);
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`);
}
