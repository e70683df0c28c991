import type { ContenderName } from './contender';
import type { ContenderProcess } from './contender-process';
import type { BenchOptions } from './options';
import type { Block, BlockResult } from './result';
import type { Tell } from './run';
import { median } from './statistics';
import type { Workload } from './workloads';

/** The searches that may have much to look through. */
const searches = ['W2', 'W2s', 'W3'];

/** Measures how long four concurrent searches block everything else in the process. */
export async function measureBlocks(
  processes: readonly ContenderProcess[],
  workloads: readonly Workload[],
  { rounds }: BenchOptions,
  tell: Tell,
): Promise<BlockResult[]> {
  const results: BlockResult[] = [];
  for (const { id, title } of workloads.filter((workload) => searches.includes(workload.id))) {
    tell(`four at once of ${id}: ${title}`);
    const blocks = new Map<ContenderName, number[]>(processes.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const contender of processes) {
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
