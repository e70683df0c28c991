/**
 * Starts operations at the same time and returns the longest time, in milliseconds, that they blocked the event loop.
 */
export async function longestBlock(operations: readonly (() => unknown)[]): Promise<number> {
  let longestMs = 0;
  let isOver = false;
  let lastTurn = performance.now();
  const noteTurn = (): void => {
    const turn = performance.now();
    longestMs = Math.max(longestMs, turn - lastTurn);
    lastTurn = turn;
  };
  const keepNoting = (): void => {
    noteTurn();
    if (!isOver) setImmediate(keepNoting);
  };
  await new Promise((resolve) => setImmediate(resolve));
  lastTurn = performance.now();
  setImmediate(keepNoting);
  await Promise.all(operations.map((operation) => operation()));
  isOver = true;
  noteTurn();
  return longestMs;
}
