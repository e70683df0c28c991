import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseError, DatabaseOptions, DatabaseService } from '../../src';
import { feedOf } from '../certificates/feed';
import { openTestDatabase, type TestDatabase } from './test-database';

/** Number of rounds of each race: RACE_ROUNDS, or a few by default. */
export const rounds = Number(process.env['RACE_ROUNDS'] ?? 5);

/** Number of rounds that run at the same time, so that they also disturb each other. */
const lanes = 4;

/** A database that two services have open, as two processes would. */
export interface SharedDatabase extends TestDatabase {
  readonly other: DatabaseService;
}

export async function openTwice(options: DatabaseOptions = {}): Promise<SharedDatabase> {
  const database = await openTestDatabase({ maxResults: 1_000_000, busyTimeoutMs: 20_000, ...options });
  return { ...database, other: await openBeside(database) };
}

/** Opens another service on the same database, with its own connections. */
export async function openBeside({ options }: Pick<TestDatabase, 'options'>): Promise<DatabaseService> {
  const { db } = await openTestDatabase(options);
  return db;
}

/** Runs every round once, several of them at the same time. */
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

/** Waits for `count` turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Repeats `work` until `working` is over, and at least once; returns the result of `working`. */
export async function whileWorking<T>(working: Promise<T>, work: () => Promise<unknown>): Promise<T> {
  const state = { isWorking: true };
  void working.finally(() => (state.isWorking = false)).catch(() => undefined);
  do {
    await work();
    // On SQLite, calls do not wait for anything outside the process: without a pause, `working` would not continue.
    await turns(1);
  } while (state.isWorking);
  return working;
}

/** Returns the outcome of a call: its result, or the code of its error. */
export async function outcomeOf<T>(call: Promise<T>): Promise<T | { readonly code: string }> {
  try {
    return await call;
  } catch (error) {
    // The package throws only this class.
    return { code: (error as DatabaseError).code };
  }
}

/** Reports whether an outcome is the code of an error. */
export function isRefusal(outcome: unknown): outcome is { readonly code: string } {
  return typeof outcome === 'object' && outcome !== null && 'code' in outcome;
}

/** Returns the outcomes of running calls: the result of each, or the code of its error. */
export async function outcomesOf(...calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const outcomes = await Promise.all(calls.map(outcomeOf));
  return outcomes.map((outcome) => (isRefusal(outcome) ? outcome.code : outcome));
}

/** Starts calls at once or shortly one after another, in an order that depends on the round. Returns the outcomes. */
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

/** The changes of one record, oldest first: their kinds and their positions in the change feed. */
export interface History {
  readonly kinds: readonly string[];
  readonly positions: readonly number[];
}

/** Returns the changes in the feed by record. */
export async function historiesOf(database: TestDatabase): Promise<(record: string) => History> {
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

/** Expects that each of two calls was the faster one in some round. Does nothing when there are few rounds. */
export function expectBothWays(ways: ReadonlySet<boolean>): void {
  if (rounds >= 200) expect([...ways].sort()).toEqual([false, true]);
}
