import { setTimeout as sleep } from 'node:timers/promises';
import { sqliteErrorOf } from './errors/sqlite-error';

const firstDelayMs = 1;
const longestDelayMs = 25;

/** Reports whether an error was caused only by a lock of another connection. */
export function isBusy(error: unknown): boolean {
  return sqliteErrorOf(error)?.code.startsWith('SQLITE_BUSY') ?? false;
}

/**
 * Calls `attempt`, and repeats the call while a lock of another connection blocks it, for at most `timeoutMs`
 * milliseconds. Does not use SQLite's own busy handler, which blocks the whole process while it waits.
 *
 * @returns the result of `attempt`: directly if the first call succeeds, otherwise as a promise.
 * @throws the last error of `attempt`.
 */
export function whileBusy<T>(timeoutMs: number, attempt: () => T): T | Promise<T> {
  try {
    return attempt();
  } catch (error) {
    if (!isBusy(error)) throw error;
    return waitWhileBusy(timeoutMs, attempt, error);
  }
}

async function waitWhileBusy<T>(timeoutMs: number, attempt: () => T, first: unknown): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last = first;
  for (let delay = firstDelayMs; performance.now() + delay <= deadline; delay = Math.min(2 * delay, longestDelayMs)) {
    // Half of the wait is random, so that two processes that have blocked each other do not do so again.
    await sleep(delay * (0.5 + Math.random() / 2));
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      last = error;
    }
  }
  throw last;
}
