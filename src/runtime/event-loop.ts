/**
 * Maximum time in milliseconds for which a chain of promises is allowed to keep the event loop from handling timers and
 * sockets.
 */
const maxBlockMs = 10;

// Keeps the function that exists when the module loads, because fake timers in a test of the application would stop the
// database.
const { setImmediate } = globalThis;

let lastYieldMs = performance.now();

/** Reports whether a chain of promises has blocked the event loop for too long. */
export function shouldYield(): boolean {
  return performance.now() - lastYieldMs > maxBlockMs;
}

/** Lets the event loop handle timers and sockets, which it cannot do while a chain of promises continues. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  lastYieldMs = performance.now();
}

/** Returns the results of `map` for all elements. Yields to the event loop when the work takes long. */
export async function mapYielding<T, U>(elements: readonly T[], map: (element: T) => U): Promise<U[]> {
  const mapped: U[] = [];
  for (const element of elements) {
    if (shouldYield()) await yieldToEventLoop();
    mapped.push(map(element));
  }
  return mapped;
}
