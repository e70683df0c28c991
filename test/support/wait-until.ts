import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 20_000;

/** Waits until a condition is true, for at most 20 seconds. */
export async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('the condition did not become true in time');
    await sleep(10);
  }
}
