import { DatabaseService, type DatabaseError } from '../../src';
import { afterTest, openTestDatabase, type TestDatabase } from '../support/test-database';

/** How often each race is run. */
export const rounds = Number(process.env['FAULT_ROUNDS'] ?? 40);

/** How long a race may take. */
export const raceTimeout = 60_000 + rounds * 500;

/** A database that two services are open on, as two processes would be. */
export interface SharedDatabase extends TestDatabase {
  readonly other: DatabaseService;
}

export async function openTwice(): Promise<SharedDatabase> {
  const database = await openTestDatabase({ maxResults: 1_000_000 });
  const other = new DatabaseService(database.options);
  afterTest(() => other.close());
  await other.initialize();
  return { ...database, other };
}

/** What a call came to: what it answered, or the code of its error. */
export async function outcomeOf<T>(call: Promise<T>): Promise<T | { readonly code: string }> {
  try {
    return await call;
  } catch (error) {
    // The package throws nothing else.
    return { code: (error as DatabaseError).code };
  }
}

/** Begins the calls at once, in an order that changes from round to round, each a moment apart or not at all. */
export async function race<T extends readonly unknown[]>(
  round: number,
  ...calls: { readonly [K in keyof T]: () => Promise<T[K]> }
): Promise<{ [K in keyof T]: T[K] | { readonly code: string } }> {
  const order = calls.map((_, index) => (index + round) % calls.length);
  const running = new Map<number, Promise<unknown>>();
  for (const index of order) {
    const call = calls[index];
    if (call !== undefined) running.set(index, outcomeOf(call()));
    // Three starts of four are apart by up to four turns of the event loop.
    for (let turn = 0; turn < round % 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const outcomes: unknown[] = [];
  for (const index of calls.keys()) outcomes.push(await running.get(index));
  // Each is what its call came to.
  return outcomes as { [K in keyof T]: T[K] | { readonly code: string } };
}
