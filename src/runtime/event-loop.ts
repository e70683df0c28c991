/** Maximum time in milliseconds without handling timers and sockets. */
const maxBlockMs = 10;

// Read when the module loads: fake timers of an application's test must not stop the database.
const { setImmediate } = globalThis;

let lastYieldMs = performance.now();

/** Reports whether a chain of promises has blocked the event loop for too long. */
export function shouldYield(): boolean {
  return performance.now() - lastYieldMs > maxBlockMs;
}

/** Lets the event loop handle timers and sockets, which a chain of promises alone never does. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  lastYieldMs = performance.now();
}

/** Returns the results of `map` for all elements. Yields to the event loop when it takes long. */
export async function mapYielding<T, U>(elements: readonly T[], map: (element: T) => U): Promise<U[]> {
  const mapped: U[] = [];
  for (const element of elements) {
    if (shouldYield()) await yieldToEventLoop();
    mapped.push(map(element));
  }
  return mapped;
}
