import fc, { type Arbitrary } from 'fast-check';
import {
  SecuritySeverity,
  type EventGrouping,
  type MitigationInput,
  type PruneEventsOptions,
  type SecurityEventInput,
  type SecurityEventQuery,
} from '../../src';
import { eventId, few, metadata, pool, seldom, someOf, text, time, window } from './pools';

/*
 * Arbitraries of security events, built from the values of the pools, and of the queries and options of their calls.
 */

const eventType = text('AUTHENTICATION_FAILURE', 'SYSTEM_ABUSE', 'my own');
const severity = pool(...Object.values(SecuritySeverity));
export const eventInput: Arbitrary<SecurityEventInput> = fc.record(
  {
    id: eventId,
    timestamp: time,
    eventType,
    severity,
    source: text('s1', 'S1', ''),
    target: text('t1', ''),
    description: text('what', ''),
    metadata,
    mitigationApplied: fc.boolean(),
    mitigationDetails: text('done', ''),
  },
  { requiredKeys: ['eventType', 'severity', 'source', 'target', 'description'] },
);
const eventFilter = {
  ids: someOf(eventId),
  from: time,
  to: time,
  eventTypes: someOf(eventType),
  severities: someOf(severity),
  minSeverity: severity,
  source: text('s1', 'S1'),
  target: text('t1'),
  mitigationApplied: fc.boolean(),
  metadata,
};
export const eventQuery: Arbitrary<SecurityEventQuery> = few(eventFilter, window);
/** Queries that can be read page by page, and rarely other queries. */
export const eventWalkQuery: Arbitrary<SecurityEventQuery> = fc.oneof(
  { weight: 20, arbitrary: few(eventFilter, {}) },
  { weight: 1, arbitrary: eventQuery },
);
/** Queries for an aggregate, which have no `limit` and no `offset`. */
export const eventFilterQuery: Arbitrary<SecurityEventQuery> = few(eventFilter, {});
export const eventInputs = fc.array(eventInput, { maxLength: 5 });

export const grouping: Arbitrary<EventGrouping> = fc.oneof(
  pool('eventType' as const, 'severity' as const, 'source' as const, 'target' as const),
  pool(1, 500, 1000, 3_600_000, 36_525 * 86_400_000).map((bucketMs) => ({ bucketMs })),
);
export const mitigation: Arbitrary<MitigationInput> = fc.record(
  { applied: fc.boolean(), details: text('done', '') },
  { requiredKeys: ['applied'] },
);
export const pruning: Arbitrary<PruneEventsOptions> = fc.record(
  { before: time, batchSize: seldom(pool(1, 2, 10_000)) },
  { requiredKeys: ['before'] },
);
