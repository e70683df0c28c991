import { types } from 'node:util';
import type { SecurityEventQuery } from './query/types';
import type { SecurityEventType, SecuritySeverity } from './types';

/** Parameters of the positional form of `querySecurityEvents` after the two times. */
export type LaterParameters = [
  eventTypes?: readonly SecurityEventType[],
  severities?: readonly SecuritySeverity[],
  source?: string,
  target?: string,
  limit?: number,
  offset?: number,
];

/**
 * Reports whether a parameter belongs to the positional form: a time, or `undefined`. Does not use instanceof, because
 * a Date may come from another realm. Also returns true for any other value that is not an object; the later check of
 * the time rejects it.
 */
export function isTimeParameter(value: object | undefined): value is Date | undefined {
  return typeof value !== 'object' || types.isDate(value);
}

/** Returns the query of the positional form. */
export function toEventQuery(
  from: Date | undefined,
  to: Date | undefined,
  parameters: LaterParameters,
): SecurityEventQuery {
  const [eventTypes, severities, source, target, limit, offset] = parameters;
  return { from, to, eventTypes, severities, source, target, limit, offset };
}
