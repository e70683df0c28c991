import type { FilterKey } from '../../query/filter-terms';
import { isAfter } from '../../query/order';
import { defineCachedStatement, type Bind } from '../../sql/cached-statement';
import type { Dialect } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { allOf, costOfRecords, limitOffset, withCost, type Statement, type StatementCost } from '../../sql/statement';
import { eventColumns } from '../rows';
import { eventFilterTerms, maxParts, type EventFilter, type EventFilterSql } from './filter-fields';

/**
 * Keyset position of a security event: its sort value and its id. All event queries have the same order: newest first,
 * then by id.
 */
export type EventPosition = readonly [timestampMs: number, id: string];

/** Filter and range of a query for security events. */
interface EventSelection {
  readonly filter: EventFilter;
  readonly limit: number;
  readonly offset?: number | undefined;
  /**
   * Keyset position of the event after which the results begin. When undefined, the results begin with the newest
   * event.
   */
  readonly after?: EventPosition | undefined;
}

/** Cache key of an event query: everything that the SQL text of the query depends on. */
interface EventQueryKey {
  readonly filter: FilterKey;
  readonly hasPosition: boolean;
}

const newestFirst = sql`s.timestamp DESC, s.id ASC`;

/** Maximum sum of limit and offset for which an event query is quick. With a larger sum, the cost is `manyEvents`. */
const longestScannedPage = 1001;

/**
 * Builds the statement that answers an event query. The statement first finds the row keys of the requested page, and
 * then reads the events with these keys. So it reads whole events only for that page.
 */
export function buildEventQuery(dialect: Dialect, selection: EventSelection): Statement {
  return withCost(costOf(selection), eventQueries(dialect)(selection));
}

// Returns the cost of an event query. An index returns the newest events if the only condition is on the type,
// severity, source or target. With several conditions, the query may read all events that match one of them.
function costOf({ filter, limit, offset = 0 }: EventSelection): StatementCost | undefined {
  const { ids, eventTypes, severities, source, target, mitigationApplied, metadata } = filter;
  if (ids !== undefined) return costOfRecords(ids.length, 'manyEvents');
  if (limit + offset > longestScannedPage) return 'manyEvents';
  if (mitigationApplied !== undefined || metadata !== undefined) return 'scanEvents';
  const indexed = [eventTypes, severities, source, target].filter((value) => value !== undefined);
  return indexed.length > 1 || (eventTypes?.length ?? 0) > maxParts ? 'scanEvents' : undefined;
}

// Composes the columns of an event only once per engine: they are most of the SQL text and never change.
const columnsOf = memoizeByDialect((dialect) => raw(eventColumns(dialect).sql));

const eventQueries = memoizeByDialect((dialect) =>
  defineCachedStatement<EventSelection, EventQueryKey>(
    ({ filter, after }) => ({ filter: eventFilterTerms.cacheKeyOf(filter), hasPosition: after !== undefined }),
    ({ filter, hasPosition }, bind) => {
      const after = hasPosition ? [isAfterPosition(dialect, bind)] : [];
      const page = composePage(dialect, eventFilterTerms.toSql(filter, bind), after, bind);
      return sql`WITH page AS MATERIALIZED (${page})
    SELECT ${columnsOf(dialect)}
    FROM page ${dialect.lateralLookup(dialect.rowKey, 'security_events', 's', sql`page.key`)} ORDER BY ${newestFirst}`;
    },
  ),
);

// Composes the search for one page of events. An index returns the events of one type in the order of the result. With
// several types, a single search would have to sort all of their events. Instead, the statement reads one page for each
// type, and sorts only these pages. It treats severities in the same way.
function composePage(dialect: Dialect, filter: EventFilterSql, after: readonly Sql[], bind: Bind<EventSelection>): Sql {
  const select = (part: EventFilterSql, range: Sql): Sql => {
    const conditions = [...part.conditions({ dialect }), ...after];
    return sql`SELECT s.${dialect.rowKey} AS key, s.timestamp, s.id FROM security_events s
      WHERE ${allOf(conditions)} ORDER BY ${newestFirst} ${range}`;
  };
  const page = limitOffset(
    bind(({ limit }) => limit),
    bind(({ offset = 0 }) => offset),
  );
  const [best] = filter.isSelective ? [] : filter.sources({ dialect });
  if (best === undefined || best.source.parts === 1) return select(filter, page);
  const pageOfPart = limitOffset(
    bind(({ limit, offset = 0 }) => limit + offset),
    sql`0`,
  );
  const parts = Array.from({ length: best.source.parts }, (_, index) => {
    return sql`SELECT * FROM (${select(filter.withElement(best.name, index), pageOfPart)}) AS part`;
  });
  return sql`SELECT s.key FROM (${join(parts, ' UNION ALL ')}) AS s ORDER BY ${newestFirst} ${page}`;
}

function isAfterPosition(dialect: Dialect, bind: Bind<EventSelection>): Sql {
  const position = {
    value: dialect.fromMs(bind(({ after }) => after?.[0] ?? null)),
    id: bind(({ after }) => after?.[1] ?? null),
  };
  return isAfter({ value: sql`s.timestamp`, id: sql`s.id` }, 'desc', position);
}
