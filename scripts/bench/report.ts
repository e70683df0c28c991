import { formatTable } from '../../src/console/table';
import type { EngineName } from './engines/store';
import type { BenchReport, RunResult } from './result';
import {
  blockTable,
  comparisonTable,
  concurrencyLatencyTable,
  concurrencyTable,
  growthTable,
  processTable,
  ratioTable,
  summaryTable,
  workloadTable,
  type Table,
} from './tables';

const lineWidth = 110;

/** Formats the results of one benchmark run for the terminal. */
export function formatRun(run: RunResult): string[] {
  const overview = run.baseline === 'old' ? comparisonTable(run) : ratioTable(run);
  const workloads = run.workloads.map((workload) => workloadTable(workload, run));
  const tables = [
    ...workloads,
    overview,
    blockTable(run),
    concurrencyTable(run),
    concurrencyLatencyTable(run),
    processTable(run),
  ];
  return [`${run.version}, ${run.agentCount} agents`, '', ...tables.flatMap(formatLines)];
}

/** Formats the growth of the measured times with the number of agents, for each engine. */
export function formatGrowth(runs: readonly RunResult[]): string[] {
  return growthTables(runs).flatMap(formatLines);
}

/** Formats the results of a benchmark as Markdown. */
export function toMarkdown(report: BenchReport): string {
  const tables = report.results.flatMap((run) => [
    run.baseline === 'old' ? comparisonTable(run) : summaryTable(run),
    blockTable(run),
    concurrencyTable(run),
    concurrencyLatencyTable(run),
    processTable(run),
  ]);
  const all = [...tables, ...growthTables(report.results)].filter(({ rows }) => rows.length > 0);
  return all.map((table) => `${[`**${table.title}**`, '', ...markdownLines(table)].join('\n')}\n`).join('\n');
}

function growthTables(runs: readonly RunResult[]): Table[] {
  const engines = new Set<EngineName>(runs.map(({ engine }) => engine));
  return [...engines].flatMap((engine) => growthTable(runs.filter((run) => run.engine === engine)) ?? []);
}

function formatLines({ title, header, rows }: Table): string[] {
  if (rows.length === 0) return [];
  const columns = header.map((text, index) => ({ title: text, align: index === 0 ? 'left' : 'right' }) as const);
  return [title, ...formatTable(columns, rows, lineWidth).map((line) => `    ${line}`), ''];
}

/** Formats a table in the style of Prettier, so that Prettier does not change a document with the table. */
function markdownLines({ header, rows }: Table): string[] {
  const widths = header.map((text, index) => Math.max(3, text.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, index) =>
      index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(header), `| ${rule.join(' | ')} |`, ...rows.map(line)];
}
