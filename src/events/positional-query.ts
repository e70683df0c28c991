import { types } from 'node:util';
import type { SecurityEventQuery } from './query/types';
import type { SecurityEventType, SecuritySeverity } from './types';

/** Parameters of `querySecurityEvents(startTime, endTime, eventTypes, …)` that follow the two times. */
export type LaterParameters = [
  eventTypes?: readonly SecurityEventType[],
  severities?: readonly SecuritySeverity[],
  source?: string,
  target?: string,
  limit?: number,
  offset?: number,
];

/**
 * Reports whether the first parameter of `querySecurityEvents` is a time or `undefined`, and not a query object. Also
 * returns true for an invalid value, which the later check of the time rejects. Does not use `instanceof`, because a
 * Date may come from another realm (another global object).
 */
export function isTimeParameter(value: object | undefined): value is Date | undefined {
  return typeof value !== 'object' || types.isDate(value);
}

/** Returns the query object for the parameters of `querySecurityEvents(startTime, endTime, eventTypes, …)`. */
export function toEventQuery(
  from: Date | undefined,
  to: Date | undefined,
  parameters: LaterParameters,
): SecurityEventQuery {
  const [eventTypes, severities, source, target, limit, offset] = parameters;
  return { from, to, eventTypes, severities, source, target, limit, offset };
}
