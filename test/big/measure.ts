import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatCount } from '../../src/console/format';
import { formatTable } from '../../src/console/table';
import type { Sizes } from './big-data';
import type { OperationReport } from './operation-process';
import type { OperationName } from './operations';

export interface Measurement extends OperationReport {
  readonly name: OperationName;
  /** Peak memory of the process above its memory after opening the database. */
  readonly growthBytes: number;
}

/** Maximum size of the old generation; a process that exceeds it ends with an error. */
const heapMegabytes = 96;
/** Maximum size of a semi-space of the young generation, which would otherwise grow even with short-lived objects. */
const semiSpaceMegabytes = 8;
const megabyte = 2 ** 20;

/** Runs an operation in a separate process with a small heap. */
export async function measure(url: string, name: OperationName, { agents, events }: Sizes): Promise<Measurement> {
  const flags = [`--max-old-space-size=${heapMegabytes}`, `--max-semi-space-size=${semiSpaceMegabytes}`];
  const program = ['--import', 'tsx', join(__dirname, 'operation-process.ts')];
  const operation = [url, name, String(agents), String(events)];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...program, ...operation]);
  // operation-process.ts writes an OperationReport.
  const report = JSON.parse(stdout) as OperationReport;
  return { ...report, name, growthBytes: report.peakBytes - report.openedBytes };
}

export function formatMeasurements(measurements: readonly Measurement[]): string {
  const columns = [
    { title: 'operation' },
    ...['rows', 'seconds', 'rows/s', 'opened MB', 'peak MB', 'growth MB'].map((title) => {
      return { title, align: 'right' } as const;
    }),
  ];
  const rows = measurements.map(({ name, outcome, seconds, openedBytes, peakBytes, growthBytes }) => [
    name,
    formatCount(outcome.rows),
    seconds.toFixed(1),
    formatCount(outcome.rows / seconds),
    ...[openedBytes, peakBytes, growthBytes].map((bytes) => (bytes / megabyte).toFixed(0)),
  ]);
  return formatTable(columns, rows, 120).join('\n');
}
