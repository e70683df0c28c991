import { readFileSync } from 'node:fs';

/** The reason why the CPU time of a thread cannot be read; undefined when it can. */
export const noCpuBlock = process.platform === 'linux' ? undefined : 'the time of a thread is read from /proc of Linux';

/** Returns the CPU time of the main thread in milliseconds, which does not advance while other processes run. */
function cpuMs(): number {
  const [nanoseconds = ''] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
  return Number(nanoseconds) / 1e6;
}

/** Returns the longest CPU time between two turns of the event loop while `work` ran, in milliseconds. */
export async function longestCpuBlockMs(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isOver = false;
  let last = cpuMs();
  const note = (): void => {
    const now = cpuMs();
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
