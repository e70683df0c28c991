import {
  choices,
  comparedTime,
  equalTo,
  idList,
  intersect,
  parseBoolean,
  parseChoices,
  parseTexts,
} from '../../query/common-terms';
import {
  fieldsIn,
  type CandidateSource,
  type FilterFieldName,
  type FilterFields,
  type FilterOf,
  type ParseField,
} from '../../query/filter-field';
import type { FilterSql } from '../../query/filter-sql';
import { FilterTerms } from '../../query/filter-terms';
import { hasMetadata } from '../../query/metadata-condition';
import type { Dialect } from '../../sql/dialect';
import { sql } from '../../sql/sql';
import { inJsonArray } from '../../sql/statement';
import { checkOneOf } from '../../validation/checks';
import { lastMitigation } from '../rows';
import { SecuritySeverity } from '../types';
import type { SecurityEventQuery } from './types';

/** Context from which the SQL conditions on a security event are composed. The alias of the event is `s`. */
interface EventContext {
  readonly dialect: Dialect;
}

/**
 * Candidate source for a list of values, such as the event types of a query. It is an index that returns the events of
 * one value in the order of the result.
 */
interface EventSource extends CandidateSource {
  /** Number of separate reads, one for each value. With 1, one read returns the events of all values. */
  readonly parts: number;
}

export type EventFilterSql = FilterSql<EventContext, EventSource>;

/** Maximum number of listed values for which each value's events are read separately. */
export const maxParts = 8;

const { field, sharedTerm, partOf } = fieldsIn<EventContext, EventSource>();

const severities = sharedTerm('severities', {
  ...choices<SecuritySeverity>(sql`s.severity`),
  source: ({ cacheKey: count }) => ({ rank: 1, parts: count }),
});

const parseMinSeverity: ParseField<SecuritySeverity[]> = (value, path) => {
  // Returns the severity `value` and all higher ones. The enumeration lists the severities in ascending order.
  const ranked: SecuritySeverity[] = Object.values(SecuritySeverity);
  return ranked.slice(ranked.indexOf(checkOneOf(value, SecuritySeverity, path)));
};

/** Filter fields of an event query. The conditions in the SQL have this order. */
const fields = {
  ids: field({ parse: parseTexts, ...idList(sql`s.id`), isSelective: true }),
  from: field(comparedTime((time) => sql`s.timestamp >= ${time}`)),
  to: field(comparedTime((time) => sql`s.timestamp <= ${time}`)),
  eventTypes: field({
    parse: (value, path, checks) => [...new Set(checks.names(value, path))],
    cacheKey: (types) => (types.length <= maxParts ? types.length : 'many'),
    condition: ({ cacheKey, bind }, { dialect }) =>
      cacheKey === 1
        ? sql`s.event_type = ${bind(([type]) => type ?? null)}`
        : inJsonArray(
            dialect,
            sql`s.event_type`,
            bind((types) => JSON.stringify(types)),
          ),
    source: ({ cacheKey }) => ({ rank: 0, parts: cacheKey === 'many' ? 1 : cacheKey }),
  }),
  severities: partOf(severities, parseChoices(SecuritySeverity), intersect),
  minSeverity: partOf(severities, parseMinSeverity, intersect),
  source: field({ ...equalTo(sql`s.source`), isSelective: true }),
  target: field({ ...equalTo(sql`s.target`), isSelective: true }),
  mitigationApplied: field({
    parse: parseBoolean,
    condition: ({ bind }, { dialect }) => {
      const isApplied = sql`coalesce(${lastMitigation(dialect, sql`e.mitigation_applied`)}, s.mitigation_applied)`;
      return sql`${isApplied} = ${dialect.toBoolean(bind((applied) => (applied ? 1 : 0)))}`;
    },
  }),
  metadata: field({
    ...hasMetadata(sql`s.id`, { table: 'security_event_metadata', ownerColumn: 'event_id' }),
    isSelective: true,
  }),
} satisfies FilterFields<FilterFieldName<SecurityEventQuery>, EventContext, EventSource>;

/** Validated filter of an event query. */
export type EventFilter = FilterOf<typeof fields>;

export const eventFilterTerms = new FilterTerms<typeof fields, EventContext, EventSource>(fields);
