import type { ContenderName } from './contender';
import type { ContenderProcess } from './contender-process';
import type { ConcurrentSlice } from './messages';
import type { BenchOptions } from './options';
import type { ConcurrencyResult } from './result';
import { roundOrder } from './round-order';
import type { ReportStep } from './run';
import { toMeasurement } from './statistics';
import type { Workload } from './workloads';

/** Ids of the workloads that are measured with concurrent callers. */
const concurrentWorkloads = ['W6', 'W8', 'W9', 'W12'];

/**
 * Measures the throughput of concurrent callers. Each caller waits for the end of a call before it makes the next one.
 */
export async function measureConcurrency(
  processes: readonly ContenderProcess[],
  workloads: readonly Workload[],
  { callers, rounds, callersMs, baseline }: BenchOptions,
  reportStep: ReportStep,
): Promise<ConcurrencyResult[]> {
  const results: ConcurrencyResult[] = [];
  for (const { id, title } of workloads.filter((workload) => concurrentWorkloads.includes(workload.id))) {
    for (const count of callers) {
      reportStep(`measuring ${count} concurrent callers of ${id}: ${title}`);
      const slices = new Map<ContenderName, ConcurrentSlice[]>(processes.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round += 1) {
        for (const contender of roundOrder(processes, round)) {
          slices.get(contender.name)?.push(await contender.measureConcurrently(id, count, callersMs));
        }
      }
      const contenders = [...slices].map(([name, own]) => {
        const longestBlockMs = Math.max(...own.map((slice) => slice.longestBlockMs));
        const failures = own.reduce((sum, slice) => sum + slice.failures, 0);
        return [name, { ...toMeasurement(own, slices.get(baseline)), failures, longestBlockMs }] as const;
      });
      results.push({ id, title, callers: count, contenders: Object.fromEntries(contenders) });
    }
  }
  return results;
}
