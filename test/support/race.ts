import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseError, DatabaseOptions, DatabaseService } from '../../src';
import { feedOf } from '../certificates/feed';
import { openTestDatabase, type TestDatabase } from './test-database';

/** Number of rounds of each race: RACE_ROUNDS, or a few by default. */
export const rounds = Number(process.env['RACE_ROUNDS'] ?? 10);

/** Number of concurrent rounds, which also disturb each other. */
const lanes = 4;

/** A database that two services are open on, as two processes would be. */
export interface SharedDatabase extends TestDatabase {
  readonly other: DatabaseService;
}

export async function openTwice(options: DatabaseOptions = {}): Promise<SharedDatabase> {
  const database = await openTestDatabase({ maxResults: 1_000_000, busyTimeoutMs: 20_000, ...options });
  return { ...database, other: await openBeside(database) };
}

/** Another service on the same database, with connections of its own. */
export async function openBeside({ options }: Pick<TestDatabase, 'options'>): Promise<DatabaseService> {
  const { db } = await openTestDatabase(options);
  return db;
}

/** Runs every round once, some at a time. */
export async function everyRound(work: (round: number) => Promise<unknown>, count = rounds): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, run));
}

/** Runs every round once, one after another. */
export async function inTurn(count: number, work: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < count; round += 1) await work(round);
}

/** Waits for as many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Repeats `work` until `working` is over, and at least once; returns the result of `working`. */
export async function whileWorking<T>(working: Promise<T>, work: () => Promise<unknown>): Promise<T> {
  const state = { isWorking: true };
  void working.finally(() => (state.isWorking = false)).catch(() => undefined);
  do {
    await work();
    // On SQLite neither of the two waits for anything but the other.
    await turns(1);
  } while (state.isWorking);
  return working;
}

/** Outcome of a call: its result, or the code of its error. */
export async function outcomeOf<T>(call: Promise<T>): Promise<T | { readonly code: string }> {
  try {
    return await call;
  } catch (error) {
    // The package throws nothing else.
    return { code: (error as DatabaseError).code };
  }
}

/** Reports whether an outcome is the code of an error. */
export function isRefusal(outcome: unknown): outcome is { readonly code: string } {
  return typeof outcome === 'object' && outcome !== null && 'code' in outcome;
}

/** Begins the calls at once or a moment apart, in an order that changes from round to round; returns their outcomes. */
export async function race<T extends readonly unknown[]>(
  round: number,
  ...calls: { readonly [K in keyof T]: () => Promise<T[K]> }
): Promise<{ [K in keyof T]: T[K] | { readonly code: string } }> {
  const order = calls.map((_, index) => (index + round) % calls.length);
  const running = new Map<number, Promise<unknown>>();
  for (const index of order) {
    const call = calls[index];
    if (call !== undefined) running.set(index, outcomeOf(call()));
    // In three of four rounds the starts are apart: by one turn of the event loop, by two, or by five milliseconds, after
    // which a call of several round trips is usually the faster one.
    const distance = Math.floor(round / calls.length) % 4;
    await (distance === 3 ? sleep(5) : turns(distance));
  }
  const outcomes: unknown[] = [];
  for (const index of calls.keys()) outcomes.push(await running.get(index));
  return outcomes as { [K in keyof T]: T[K] | { readonly code: string } };
}

/** Kinds and positions in the feed of the changes of one record, oldest first. */
export interface History {
  readonly kinds: readonly string[];
  readonly positions: readonly number[];
}

/** Returns the changes in the feed by record. */
export async function historiesOf(database: SharedDatabase): Promise<(record: string) => History> {
  const histories = new Map<string, { kinds: string[]; positions: number[] }>();
  for (const [position, change] of (await feedOf(database)).entries()) {
    const end = change.lastIndexOf(' ');
    const record = change.slice(0, end);
    const history = histories.get(record) ?? { kinds: [], positions: [] };
    history.kinds.push(change.slice(end + 1));
    history.positions.push(position);
    histories.set(record, history);
  }
  return (record) => histories.get(record) ?? { kinds: [], positions: [] };
}

/** Expects that each of two calls was the faster one in some round; a few rounds are too few to tell. */
export function expectBothWays(ways: ReadonlySet<boolean>): void {
  if (rounds >= 200) expect([...ways].sort()).toEqual([false, true]);
}
