import { Failure } from '../errors/failure';
import type { Validator } from '../validation/validator';
import { maxTimeMs, minTimeMs } from '../sql/time-range';

/** Settings of the services, a part of the resolved options of a database. */
export interface ServiceSettings {
  /** Clock: returns the time in whole milliseconds since 1970. */
  readonly now: () => number;
  readonly maxResults: number;
  /** Checks of arguments that depend on the option `limits`. */
  readonly checks: Validator;
  readonly defaultAgentLifetimeMs: number;
  /**
   * Function that is called after each read of the change feed, with the sequence number up to which the feed was read.
   */
  readonly onFeedRead: (sequence: number) => void;
}

/**
 * Returns a clock that rounds the times of `now` down to whole milliseconds, because stored times have no fractions.
 * The clock throws INVALID_OPTIONS when `now` throws, or returns a time that is not from year 1 to year 9999.
 */
export function wholeMilliseconds(now: () => number): () => number {
  return () => {
    const ms = readClock(now);
    if (ms >= minTimeMs && ms <= maxTimeMs) return ms;
    throw new Failure('INVALID_OPTIONS', 'now must return a time from year 1 to year 9999', { field: 'now' });
  };
}

function readClock(now: () => number): number {
  try {
    return Math.floor(now());
  } catch (cause) {
    // `now`, a function of the application, threw an error or returned a value such as a BigInt.
    throw new Failure('INVALID_OPTIONS', 'now must be a function that does not throw', { field: 'now', cause });
  }
}
