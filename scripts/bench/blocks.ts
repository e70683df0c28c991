import type { ContenderName } from './contender';
import type { ContenderProcess } from './contender-process';
import type { BenchOptions } from './options';
import type { Block, BlockResult } from './result';
import { roundOrder } from './round-order';
import type { ReportStep } from './run';
import { median } from './statistics';
import type { Workload } from './workloads';

/** Ids of the search workloads that may examine many rows. */
const searches = ['W2', 'W2s', 'W3'];

/** Measures the time for which four concurrent searches block everything else in the process. */
export async function measureBlocks(
  processes: readonly ContenderProcess[],
  workloads: readonly Workload[],
  { rounds }: BenchOptions,
  reportStep: ReportStep,
): Promise<BlockResult[]> {
  const results: BlockResult[] = [];
  for (const { id, title } of workloads.filter((workload) => searches.includes(workload.id))) {
    reportStep(`measuring four concurrent calls of ${id}: ${title}`);
    const blocks = new Map<ContenderName, number[]>(processes.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const contender of roundOrder(processes, round)) {
        blocks.get(contender.name)?.push(...(await contender.measureBlocks(id, 2)));
      }
    }
    results.push({ title: `${id}  ${title}`, contenders: Object.fromEntries([...blocks].map(toBlock)) });
  }
  return results;
}

function toBlock([name, blocksMs]: [ContenderName, readonly number[]]): [ContenderName, Block] {
  return [name, { medianMs: median(blocksMs), longestMs: Math.max(...blocksMs) }];
}
