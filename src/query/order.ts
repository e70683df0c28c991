import { join, raw, sql, type Sql } from '../sql/sql';
import { checkOneOf, ifDefined } from '../validation/checks';
import type { OrderDirection } from './order-direction';

/** Order of a query's results. */
export interface Order<F extends string> {
  readonly field: F;
  readonly direction: OrderDirection;
}

/** Fields of a query that {@link parseOrder} checks. */
export const orderFields = ['orderBy', 'orderDirection'] as const;

const directions = ['asc', 'desc'] as const;

/**
 * Checks the order that a query requests.
 *
 * @param checkField - checks the name of the field to order by.
 * @param defaultOrder - order of a query without `orderBy`. With `orderBy`, the default direction is ascending.
 * @throws INVALID_INPUT when the field or the direction is invalid
 */
export function parseOrder<F extends string>(
  query: { readonly orderBy?: unknown; readonly orderDirection?: unknown },
  checkField: (value: unknown, path: string) => F,
  defaultOrder: Order<F>,
): Order<F> {
  const field = ifDefined(query.orderBy, 'orderBy', checkField);
  const direction = ifDefined(query.orderDirection, 'orderDirection', (value, path) =>
    checkOneOf(value, directions, path),
  );
  if (field !== undefined) return { field, direction: direction ?? 'asc' };
  return { field: defaultOrder.field, direction: direction ?? defaultOrder.direction };
}

/**
 * Composes the terms of ORDER BY.
 *
 * @param keys - sort expressions of the order.
 * @param id - column that breaks ties, so that pages neither overlap nor skip records; undefined when the keys are
 * unique.
 */
export function orderTerms(keys: readonly Sql[], direction: OrderDirection, id: Sql | undefined): Sql {
  const directed = keys.map((key) => (direction === 'asc' ? sql`${key} ASC` : sql`${key} DESC`));
  return join(id === undefined ? directed : [...directed, sql`${id} ASC`], ', ');
}

/** Keyset position: the sort value of a record, and its id, which breaks ties. */
interface KeysetPosition {
  readonly value: Sql;
  readonly id: Sql;
}

/** Columns by which rows are ordered. `value` is undefined when the rows are ordered by id only. */
export interface KeysetColumns {
  readonly value: Sql | undefined;
  readonly id: Sql;
}

/**
 * Composes the condition that a row comes after `position`. Rows with equal values are in ascending order of their ids.
 */
export function isAfter(columns: KeysetColumns, direction: OrderDirection, position: KeysetPosition): Sql {
  return compareRows(columns, direction === 'asc' ? '>' : '<', '>', position);
}

/**
 * Composes the condition that a row comes before `position`. Rows with equal values are in ascending order of their
 * ids.
 */
export function isBefore(columns: KeysetColumns, direction: OrderDirection, position: KeysetPosition): Sql {
  return compareRows(columns, direction === 'asc' ? '<' : '>', '<', position);
}

type Operator = '<' | '>';

function compareRows({ value, id }: KeysetColumns, by: Operator, idBy: Operator, position: KeysetPosition): Sql {
  const operator = raw(by);
  if (value === undefined) return sql`${id} ${operator} ${position.id}`;
  const isBeyond = sql`${value} ${operator} ${position.value} OR ${id} ${raw(idBy)} ${position.id}`;
  // The first comparison is redundant, but lets PostgreSQL and SQLite use an index range scan.
  return sql`(${value} ${operator}= ${position.value} AND (${isBeyond}))`;
}
