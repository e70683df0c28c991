import { afterTest } from './test-database';

/** A queue whose consumer runs in the async context of its start, not in that of the callers of `add`. */
export interface WorkQueue {
  /** Adds `work` for the consumer to call, and returns its outcome. */
  add<T>(work: () => Promise<T>): Promise<T>;
}

/** Starts a queue; its consumer ends after the test. */
export function startWorkQueue(): WorkQueue {
  const jobs: (() => Promise<void>)[] = [];
  let wake: () => void = () => undefined;
  let isEnded = false;
  const consume = async (): Promise<void> => {
    while (!isEnded) {
      const job = jobs.shift();
      if (job === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else await job();
    }
  };
  void consume();
  afterTest(() => {
    isEnded = true;
    wake();
  });
  return {
    add: (work) =>
      new Promise((resolve, reject) => {
        jobs.push(async () => {
          await work().then(resolve, reject);
        });
        wake();
      }),
  };
}
