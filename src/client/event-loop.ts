const longestTurnMs = 10;

// Taken now: an application's test that puts fake timers in its place must not stop the database.
const { setImmediate } = globalThis;

let lastTurn = performance.now();

/** Whether work that goes on from promise to promise has kept everything else in the process waiting for long. */
export function isTurnOverdue(): boolean {
  return performance.now() - lastTurn > longestTurnMs;
}

/** Lets timers and sockets have their turn, which a chain of promises alone never does. */
export async function takeTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  lastTurn = performance.now();
}

/** Returns what `map` makes of each element, with pauses for all else in the process where it takes long. */
export async function mapInTurns<T, U>(elements: readonly T[], map: (element: T) => U): Promise<U[]> {
  const mapped: U[] = [];
  for (const element of elements) {
    if (isTurnOverdue()) await takeTurn();
    mapped.push(map(element));
  }
  return mapped;
}
