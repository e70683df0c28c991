import type { Bind } from '../../sql/cached-statement';
import type { Dialect } from '../../sql/dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { allOf, limitOffset } from '../../sql/statement';
import type { AgentFilter } from './filter-fields';
import { afterPosition, orderBy, orderColumns, type AgentOrder, type AgentPosition, type PositionKey } from './order';
import { rangesOf, type OrderRange } from './order-ranges';
import type { AgentContext, AgentFilterSql } from './filter-term';

/** Filter, order and range of a query of agents. */
export interface AgentSelection {
  readonly filter: AgentFilter;
  readonly order: AgentOrder;
  /** Keyset position after which the results begin. When undefined, the results begin with the first agent. */
  readonly after?: AgentPosition | undefined;
  readonly limit: number;
  readonly offset: number;
  /** Current time, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** Parts of the SQL of a query of agents. They depend only on the cache key of the query. */
export interface Composition {
  readonly dialect: Dialect;
  readonly filter: AgentFilterSql;
  readonly order: AgentOrder;
  /** Conditions that an agent comes after the keyset position. */
  readonly after: readonly Sql[];
  /** Ranges of the index that are scanned one after the other. Undefined when one range is enough. */
  readonly ranges: readonly OrderRange[] | undefined;
  readonly limit: Sql;
  readonly offset: Sql;
  /** SQL of the sum of the limit and the offset. */
  readonly end: Sql;
  readonly nowMs: Sql;
}

export function composeSelection(
  dialect: Dialect,
  filter: AgentFilterSql,
  order: AgentOrder,
  position: PositionKey,
  bind: Bind<AgentSelection>,
): Composition {
  return {
    dialect,
    filter,
    order,
    after: afterPosition(order, position, bind, dialect),
    ranges: rangesOf(order, position, bind),
    limit: bind(({ limit }) => limit),
    offset: bind(({ offset }) => offset),
    end: bind(({ limit, offset }) => limit + offset),
    nowMs: bind(({ nowMs }) => nowMs),
  };
}

/** Returns the context for composing conditions on an agent whose id is the SQL `id`. */
export function contextOf({ dialect, nowMs }: Pick<Composition, 'dialect' | 'nowMs'>, id = sql`a.id`): AgentContext {
  return { dialect, id, nowMs, scanOrder: undefined, table: raw };
}

/** Returns the context for composing conditions on the agents of a scan in the requested order. */
export function scanContextOf(composition: Pick<Composition, 'dialect' | 'nowMs' | 'order'>): AgentContext {
  return { ...contextOf(composition), scanOrder: composition.order.field };
}

/** Composes the query of a page. The query selects `columns` of the agents `a` in `tables`, in the requested order. */
export function selectPage(composition: Composition, columns: Sql, tables: Sql, conditions: readonly Sql[]): Sql {
  const { order, after, limit, offset } = composition;
  return sql`SELECT ${columns} FROM ${tables} WHERE ${allOf([...conditions, ...after])}
    ORDER BY ${orderBy(order)} ${limitOffset(limit, offset)}`;
}

/**
 * Composes the query of a page that scans the index of the requested order, and selects the row keys of the agents. Of
 * several ranges, reads a range only if the ranges before it have not filled the page.
 */
export function scanPage(composition: Composition, conditions: readonly Sql[]): Sql {
  const { order, ranges, limit, offset, end } = composition;
  const key = keyColumn(composition);
  if (ranges === undefined) return selectPage(composition, key, sql`agents a`, conditions);
  const { column } = orderColumns[order.field];
  const tableOf = (index: number): Sql => raw(`range_${index}`);
  const tables = ranges.map((range, index) => {
    const earlier = Array.from({ length: index }, (_, place) => sql`(SELECT count(*) FROM ${tableOf(place)})`);
    return sql`${tableOf(index)} AS MATERIALIZED (SELECT ${key}, ${column}, a.id FROM agents a
      WHERE ${allOf([...conditions, range.condition])} ORDER BY ${range.orderBy}
      LIMIT ${join([sql`CAST(${end} AS BIGINT)`, ...earlier], ' - ')})`;
  });
  const rows = ranges.map((_, index) => sql`SELECT * FROM ${tableOf(index)}`);
  return sql`WITH ${join(tables)} SELECT a.key FROM (${join(rows, ' UNION ALL ')}) AS a
    ORDER BY ${orderBy(order)} ${limitOffset(limit, offset)}`;
}

/**
 * Composes the column that identifies the agents of a page. With this column, the query then reads the whole agents.
 */
export function keyColumn({ dialect }: Composition): Sql {
  return sql`a.${dialect.rowKey} AS key`;
}

/** Composes the join of a table of candidates with the agents `a` that have the same ids. */
export function agentsOf(dialect: Dialect, candidates: Sql): Sql {
  return sql`${candidates} ${dialect.lateralLookup(sql`id`, 'agents', 'a', sql`${candidates}.id`)}`;
}

/** Composes a WITH clause; empty SQL when there are no table expressions. */
export function withTables(tables: readonly Sql[]): Sql {
  return tables.length === 0 ? sql`` : sql`WITH ${join(tables)} `;
}
