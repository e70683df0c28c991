import type { DatabaseErrorCode } from '../errors/database-error';
import type { CacheEvent } from './types';

/** Counts the calls and events of a database service since its creation. */
export class Counters {
  calls = 0;
  retries = 0;
  /** Highest sequence number of the change feed that this service has read; undefined before the first read. */
  feedPosition: number | undefined;
  readonly errors = new Map<DatabaseErrorCode, number>();
  readonly cache: Record<CacheEvent['outcome'], number> = { hit: 0, miss: 0, evict: 0, stale: 0 };

  countError(code: DatabaseErrorCode): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** Records that the change feed was read up to `sequence`. */
  readFeed(sequence: number): void {
    if (this.feedPosition === undefined || sequence > this.feedPosition) this.feedPosition = sequence;
  }
}
