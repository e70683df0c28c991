import type { Metadata } from '../../metadata/types';
import type { SecurityEventType, SecuritySeverity } from '../types';

/**
 * Filter and range of security events. The newest events come first, with ties broken by ascending id. An event must
 * match every given field. `undefined` filters nothing; an empty string or an empty array matches no event.
 *
 * @example
 * ```ts
 * const query: SecurityEventQuery = { from: new Date('2026-01-01'), minSeverity: 'HIGH', limit: 50 };
 * ```
 */
export interface SecurityEventQuery {
  /** Any of these ids. */
  ids?: readonly string[] | undefined;
  /** `timestamp` is this time or later. */
  from?: Date | undefined;
  /** `timestamp` is this time or earlier. */
  to?: Date | undefined;
  /** Any of these. */
  eventTypes?: readonly SecurityEventType[] | undefined;
  /** Any of these. */
  severities?: readonly SecuritySeverity[] | undefined;
  /** This severity, or a higher one. */
  minSeverity?: SecuritySeverity | undefined;
  source?: string | undefined;
  target?: string | undefined;
  /** State after the last mitigation; for an event without a mitigation, the recorded state. */
  mitigationApplied?: boolean | undefined;
  /** Every given key has exactly this JSON value. The order of the keys of objects does not matter. */
  metadata?: Metadata | undefined;
  /** Maximum number of results; 0 returns none. Without it, more than `maxResults` matches are an error. */
  limit?: number | undefined;
  /**
   * Number of results to skip.
   *
   * @defaultValue `0`
   */
  offset?: number | undefined;
}
