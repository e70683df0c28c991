/** Returns the longest time for which the event loop was blocked while `work` ran, in milliseconds. */
export async function longestBlockMs(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const note = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(note, 1);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  // The work may have ended before the timer could fire.
  note();
  return longest;
}
