import type { FilterKey } from '../../query/filter-terms';
import { defineCachedStatement, type Bind } from '../../sql/cached-statement';
import type { Dialect } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { sql, type Sql } from '../../sql/sql';
import { allOf, limitOffset, withCost, type Statement } from '../../sql/statement';
import type { EventGrouping } from '../types';
import { eventFilterTerms, type EventFilter } from './filter-fields';

/** Filter and grouping of the security events that are counted. */
interface EventAggregate {
  readonly filter: EventFilter;
  readonly by: EventGrouping;
  /** Maximum number of groups in the result. */
  readonly limit: number;
}

/** Cache key of an event aggregation: everything that its SQL text depends on. */
interface EventAggregateKey {
  readonly filter: FilterKey;
  readonly by: keyof typeof labels | 'bucket';
}

const labels = {
  eventType: sql`s.event_type`,
  severity: sql`s.severity`,
  source: sql`s.source`,
  target: sql`s.target`,
} as const;

/** Builds the statement that counts the security events that match a filter. */
export function buildEventCount(dialect: Dialect, filter: EventFilter): Statement {
  return withCost('scanEvents', eventCounts(dialect)({ filter }));
}

/** Builds the statement that counts the matching security events of each group. The largest group comes first. */
export function buildEventAggregate(dialect: Dialect, aggregate: EventAggregate): Statement {
  return withCost('scanEvents', eventAggregates(dialect)(aggregate));
}

const eventCounts = memoizeByDialect((dialect) =>
  defineCachedStatement<Pick<EventAggregate, 'filter'>, FilterKey>(
    ({ filter }) => eventFilterTerms.cacheKeyOf(filter),
    (key, bind) => {
      const conditions = eventFilterTerms.toSql(key, bind).conditions({ dialect });
      return sql`SELECT count(*) FROM security_events s WHERE ${allOf(conditions)}`;
    },
  ),
);

const eventAggregates = memoizeByDialect((dialect) =>
  defineCachedStatement<EventAggregate, EventAggregateKey>(
    ({ filter, by }) => ({
      filter: eventFilterTerms.cacheKeyOf(filter),
      by: typeof by === 'string' ? by : 'bucket',
    }),
    ({ filter, by }, bind) => {
      const conditions = eventFilterTerms.toSql(filter, bind).conditions({ dialect });
      const limit = bind((aggregate) => aggregate.limit);
      return sql`SELECT grouped.label, count(*) FROM (
      SELECT ${by === 'bucket' ? bucketOf(dialect, bind) : labels[by]} AS label FROM security_events s
      WHERE ${allOf(conditions)}) AS grouped
    GROUP BY grouped.label ORDER BY count(*) DESC, grouped.label ${limitOffset(limit, sql`0`)}`;
    },
  ),
);

// Composes the beginning of the time span that contains an event. The remainder of the division is negative for a time
// before 1970, so the length of the span is added to it.
function bucketOf(dialect: Dialect, bind: Bind<EventAggregate>): Sql {
  const stored = dialect.toMs(sql`s.timestamp`);
  const time = sql`CAST(${stored} AS BIGINT)`;
  const size = sql`CAST(${bind(({ by }) => (typeof by === 'string' ? null : by.bucketMs))} AS BIGINT)`;
  // Returns null for a stored time that is not an integer. SQLite would otherwise convert it to some number.
  return sql`CASE WHEN ${time} = ${stored} THEN ${time} - ((${time} % ${size}) + ${size}) % ${size} END`;
}
