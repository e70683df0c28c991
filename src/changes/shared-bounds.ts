import type { Executor } from '../storage/executor';
import { readBounds, type FeedBounds } from './read-feed';

/** Bounds of the change feed that all followers of one service share. One follower reads them for all. */
export class SharedBounds {
  /** Most recent read of the bounds, which may still be running. */
  #reading: Promise<FeedBounds> | undefined;
  /** Time when the most recent read of the bounds began, by `performance.now`. */
  #begunAt = -Infinity;

  /** Returns bounds of the change feed that began to be read less than `maxAgeMs` milliseconds ago. */
  async read(executor: Executor, maxAgeMs: number): Promise<FeedBounds> {
    const recent = performance.now() - this.#begunAt < maxAgeMs ? this.#reading : undefined;
    // Reads the bounds again if the read of another follower has failed.
    const shared = await recent?.catch(() => undefined);
    return shared ?? this.#read(executor);
  }

  #read(executor: Executor): Promise<FeedBounds> {
    this.#begunAt = performance.now();
    this.#reading = readBounds(executor);
    return this.#reading;
  }
}
