import { setTimeout as sleep } from 'node:timers/promises';

/** Tells that a piece of work took longer than it may. */
export class NotInTime extends Error {}

/** Returns what `work` gives. @throws NotInTime when that takes longer than `ms` */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const end = new AbortController();
  const tooLate = sleep(ms, undefined, { ref: false, signal: end.signal }).then(() => {
    throw new NotInTime('It took too long');
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    end.abort();
  }
}
