import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';

/** Maximum time until commits of others are noticed on PostgreSQL, on a busy machine. */
const longestMs = 5000;

/** Reads until the outcome is the expected one. On SQLite, the first read must return it. */
export async function expectSoon(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  const deadline = performance.now() + (onPostgresql ? longestMs : 0);
  let outcome = await read();
  while (outcome !== expected && performance.now() < deadline) {
    await sleep(5);
    outcome = await read();
  }
  expect(outcome).toBe(expected);
}

/** Returns a read of the version of the agent `a`. */
export const versionOf = (db: DatabaseService) => async () => (await db.getAgent('a'))?.version;
