const longestTurnMs = 10;

// Taken now: an application's test that puts fake timers in its place must not stop the database.
const { setImmediate } = globalThis;

let lastTurn = performance.now();

/** Reports whether a chain of promises has blocked everything else in the process for long. */
export function shouldYield(): boolean {
  return performance.now() - lastTurn > longestTurnMs;
}

/** Lets timers and sockets have their turn, which a chain of promises alone never does. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  lastTurn = performance.now();
}

/** Returns the results of `map` for all elements. Pauses for other work of the process when it takes long. */
export async function mapYielding<T, U>(elements: readonly T[], map: (element: T) => U): Promise<U[]> {
  const mapped: U[] = [];
  for (const element of elements) {
    if (shouldYield()) await yieldToEventLoop();
    mapped.push(map(element));
  }
  return mapped;
}
