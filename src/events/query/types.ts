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
  /** Ids of the events to find. */
  ids?: readonly string[] | undefined;
  /** Finds events whose `timestamp` is this time or later. */
  from?: Date | undefined;
  /** Finds events whose `timestamp` is this time or earlier. */
  to?: Date | undefined;
  /** Accepted types: the event has one of them. */
  eventTypes?: readonly SecurityEventType[] | undefined;
  /** Accepted severities: the event has one of them. */
  severities?: readonly SecuritySeverity[] | undefined;
  /** Lowest accepted severity. */
  minSeverity?: SecuritySeverity | undefined;
  source?: string | undefined;
  target?: string | undefined;
  /** State after the last mitigation. For an event without a mitigation, this is the recorded state. */
  mitigationApplied?: boolean | undefined;
  /**
   * Metadata entries that the event must have, each with exactly the given JSON value. It can have other entries. The
   * order of the keys of objects does not matter.
   */
  metadata?: Metadata | undefined;
  /**
   * Maximum number of results; 0 returns none. Without `limit`, `query` fails when more than `maxResults` events match.
   */
  limit?: number | undefined;
  /**
   * Number of results to skip.
   *
   * @defaultValue `0`
   */
  offset?: number | undefined;
}
