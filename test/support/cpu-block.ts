import { readFileSync } from 'node:fs';

/** The reason why the CPU time of one thread is unknown here; undefined when it is known. */
export const noCpuBlock = process.platform === 'linux' ? undefined : 'the time of a thread is read from /proc of Linux';

/** For how long the main thread has been at work, in milliseconds: unlike a clock, that does not go on while others are. */
function cpuMs(): number {
  const [nanoseconds = ''] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
  return Number(nanoseconds) / 1e6;
}

/** Returns for how long the main thread was at work at a stretch, at most, while `work` ran; in milliseconds. */
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
