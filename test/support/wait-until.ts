import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 20_000;

/** Waits until something is so, which it has to be soon. */
export async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('It did not come about');
    await sleep(10);
  }
}
