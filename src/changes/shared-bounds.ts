import type { Executor } from '../storage/executor';
import { readBounds, type FeedBounds } from './read-feed';

/** Bounds of the feed that the followers of one service share. One follower reads them for all. */
export class SharedBounds {
  /** Most recent reading, which may still be running. */
  #reading: Promise<FeedBounds> | undefined;
  /** Time when the most recent reading began, by `performance.now`. */
  #begunAt = -Infinity;

  /** Returns bounds whose reading began less than `maxAgeMs` milliseconds ago. */
  async read(executor: Executor, maxAgeMs: number): Promise<FeedBounds> {
    const recent = performance.now() - this.#begunAt < maxAgeMs ? this.#reading : undefined;
    // If the reading of another follower has failed, reads the bounds again.
    const shared = await recent?.catch(() => undefined);
    return shared ?? this.#read(executor);
  }

  #read(executor: Executor): Promise<FeedBounds> {
    this.#begunAt = performance.now();
    this.#reading = readBounds(executor);
    return this.#reading;
  }
}
