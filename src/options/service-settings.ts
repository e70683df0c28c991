import { Failure } from '../errors/failure';
import type { Validator } from '../validation/validator';
import { maxTimeMs, minTimeMs } from '../sql/time-range';

/** Settings of the services: a part of the resolved options. */
export interface ServiceSettings {
  /** Clock in whole milliseconds since 1970. */
  readonly now: () => number;
  readonly maxResults: number;
  /** Checks that depend on the limits. */
  readonly checks: Validator;
  readonly defaultAgentLifetimeMs: number;
}

/**
 * Returns the clock rounded down to whole milliseconds, because stored times have no fractions. The clock throws
 * INVALID_OPTIONS when the function of the application throws or does not return a time.
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
    // The function of the application threw, or returned a value such as a BigInt.
    throw new Failure('INVALID_OPTIONS', 'now must not throw', { field: 'now', cause });
  }
}
