import type { Metadata } from '../../metadata/types';
import type { SecurityEventType, SecuritySeverity } from '../types';

/**
 * Filter and range of security events. An event must match every given field. A field that is `undefined` does not
 * restrict the results; an empty string or an empty array matches no event. The newest events come first. Events of the
 * same time are in ascending order of their ids.
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
  /** Accepted event types. The event must have one of them. */
  eventTypes?: readonly SecurityEventType[] | undefined;
  /** Accepted severities. The event must have one of them. */
  severities?: readonly SecuritySeverity[] | undefined;
  /** Lowest accepted severity of an event. */
  minSeverity?: SecuritySeverity | undefined;
  source?: string | undefined;
  target?: string | undefined;
  /**
   * State of the mitigation that the event must have. It is the state after the latest mitigation, or the recorded
   * state of an event without a mitigation.
   */
  mitigationApplied?: boolean | undefined;
  /**
   * Metadata entries that the event must have, each with exactly the given JSON value. Other entries are allowed. The
   * order of keys in objects does not matter.
   */
  metadata?: Metadata | undefined;
  /**
   * Maximum number of results; with 0, the result is empty. Without `limit`, `query` fails when more than `maxResults`
   * events match.
   */
  limit?: number | undefined;
  /**
   * Number of matching events to skip.
   *
   * @defaultValue `0`
   */
  offset?: number | undefined;
}
