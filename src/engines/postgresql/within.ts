import { setTimeout as sleep } from 'node:timers/promises';

/** Error of work that took longer than its time limit. */
export class NotInTime extends Error {}

/**
 * Returns the result of `work`.
 *
 * @throws NotInTime when `work` takes longer than `ms` milliseconds
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const end = new AbortController();
  const tooLate = sleep(ms, undefined, { ref: false, signal: end.signal }).then(() => {
    throw new NotInTime('timed out');
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    end.abort();
  }
}
