/**
 * Maximum time in milliseconds for which this package blocks the event loop with a chain of promises. The event loop
 * handles no timers and sockets meanwhile.
 */
const maxBlockMs = 10;

// Keeps the original `setImmediate`: fake timers in a test of the application would stop the database.
const { setImmediate } = globalThis;

let lastYieldMs = performance.now();

/** Reports whether the event loop was blocked for too long since {@link yieldToEventLoop} last ran. */
export function shouldYield(): boolean {
  return performance.now() - lastYieldMs > maxBlockMs;
}

/** Lets the event loop handle timers and sockets before the caller continues. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  lastYieldMs = performance.now();
}

/** Returns the results of `map` for all elements, in order. Yields to the event loop when the work takes long. */
export async function mapYielding<T, U>(elements: readonly T[], map: (element: T, index: number) => U): Promise<U[]> {
  const mapped: U[] = [];
  for (const element of elements) {
    if (shouldYield()) await yieldToEventLoop();
    mapped.push(map(element, mapped.length));
  }
  return mapped;
}
