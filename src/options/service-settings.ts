import { Failure } from '../errors/failure';
import type { Validator } from '../validation/validator';
import { maxTimeMs, minTimeMs } from '../sql/time-range';

/** The settings that services go by: a part of the resolved options. */
export interface ServiceSettings {
  /** Whole milliseconds since 1970. */
  readonly now: () => number;
  readonly maxResults: number;
  /** The checks of what has a limit. */
  readonly checks: Validator;
  readonly defaultAgentLifetimeMs: number;
}

/** The clock of the options as services need it: what is finer than a millisecond is not kept, so it must not count. */
export function wholeMilliseconds(now: () => number): () => number {
  return () => {
    const ms = tell(now);
    if (ms >= minTimeMs && ms <= maxTimeMs) return ms;
    throw new Failure('INVALID_OPTIONS', 'now must return a time from year 1 to year 9999', { field: 'now' });
  };
}

function tell(now: () => number): number {
  try {
    return Math.floor(now());
  } catch (cause) {
    // It is the caller's, and may throw, or answer with what is no number.
    throw new Failure('INVALID_OPTIONS', 'now must not throw', { field: 'now', cause });
  }
}
