import { checkLimitOffset, limitOffsetFields, type LimitOffset } from '../../query/limit-offset';
import { checkObject } from '../../validation/checks';
import type { Validator } from '../../validation/validator';
import { eventFilterTerms, type EventFilter } from './filter-fields';

/** Validated query for security events. `filter` is null when no event can match. */
export interface ParsedEventQuery {
  readonly filter: EventFilter | null;
  readonly limitOffset: LimitOffset;
}

const queryFields = new Set([...eventFilterTerms.fields, ...limitOffsetFields]);

/**
 * Parses a query for security events. Checks all fields, even if one of them already excludes every event.
 *
 * @throws INVALID_INPUT when a field is unknown or invalid
 */
export function parseEventQuery(input: unknown, checks: Validator): ParsedEventQuery {
  const query = checkObject(input, 'query', queryFields);
  return { filter: eventFilterTerms.parse(query, checks), limitOffset: checkLimitOffset(query) };
}
