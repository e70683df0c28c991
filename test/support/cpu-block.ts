import { readFileSync } from 'node:fs';

/** The reason why the CPU time of a thread cannot be read; undefined when it can. */
export const noCpuBlock = process.platform === 'linux' ? undefined : 'the time of a thread is read from /proc of Linux';

/** Returns the CPU time of the main thread, and its time of waiting for a processor, in milliseconds. */
function threadTimes(): readonly [cpuMs: number, waitMs: number] {
  const [cpu, wait] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
  return [Number(cpu) / 1e6, Number(wait) / 1e6];
}

/** Returns the longest CPU time between two turns of the event loop while `work` ran, in milliseconds. */
export function longestCpuBlockMs(work: () => Promise<unknown>): Promise<number> {
  return longestBlockBy(() => threadTimes()[0], work);
}

/** Returns the longest time between two turns of the event loop, without the time of waiting for a processor. */
export function longestOwnBlockMs(work: () => Promise<unknown>): Promise<number> {
  return longestBlockBy(() => performance.now() - threadTimes()[1], work);
}

async function longestBlockBy(clock: () => number, work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isOver = false;
  let last = clock();
  const note = (): void => {
    const now = clock();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const keepNoting = (): void => {
    note();
    if (!isOver) setImmediate(keepNoting);
  };
  setImmediate(keepNoting);
  try {
    await work();
  } finally {
    isOver = true;
  }
  note();
  return longest;
}
