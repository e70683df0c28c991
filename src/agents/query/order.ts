import type { Bind } from '../../sql/cached-statement';
import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import { isAfter, orderTerms, type KeysetColumns, type Order } from '../../query/order';
import type { AgentOrderField } from './types';

/** Database column by which agents can be ordered. */
interface OrderColumn {
  readonly column: Sql;
  /** Type of the column's values. For the type `version`, the value is null if the version is not semantic. */
  readonly type: 'text' | 'time' | 'version';
}

const text = (column: Sql): OrderColumn => ({ column, type: 'text' });
const time = (column: Sql): OrderColumn => ({ column, type: 'time' });

/**
 * Database columns of the orders. An index exists for each order, so a query finds the first agents without reading all
 * agents.
 */
export const orderColumns: Readonly<Record<AgentOrderField, OrderColumn>> = {
  id: text(sql`a.id`),
  name: text(sql`a.name`),
  version: { column: sql`a.version_key`, type: 'version' },
  owner: text(sql`a.owner`),
  status: text(sql`a.status`),
  createdAt: time(sql`a.created_at`),
  updatedAt: time(sql`a.updated_at`),
  expiresAt: time(sql`a.expires_at`),
};

export type AgentOrder = Order<AgentOrderField>;

/** Keyset position of an agent in an ordered result. */
export interface AgentPosition {
  /**
   * Value of the column that the result is ordered by. A time is in milliseconds since 1970. Null for a version that is
   * not semantic.
   */
  readonly value: string | number | null;
  readonly id: string;
}

const id = sql`a.id`;

/** Composes the ORDER BY terms of an order. Versions that are not semantic come last in both directions. */
export function orderBy({ field, direction }: AgentOrder): Sql {
  const { column, type } = orderColumns[field];
  if (field === 'id') return orderTerms([id], direction, undefined);
  if (type !== 'version') return orderTerms([column], direction, id);
  return sql`${orderTerms([column], direction, undefined)} NULLS LAST, ${id} ASC`;
}

/** Returns the columns that {@link orderBy} sorts by. */
export function keysetColumns(field: AgentOrderField): KeysetColumns {
  return { value: field === 'id' ? undefined : orderColumns[field].column, id };
}

/**
 * Kind of a keyset position, which determines its SQL:
 *
 * - `none`: the beginning of the order.
 * - `null`: a version that is not semantic.
 * - `value`: any other position.
 */
export type PositionKey = 'none' | 'value' | 'null';

export function positionKeyOf(position: AgentPosition | undefined): PositionKey {
  if (position === undefined) return 'none';
  return position.value === null ? 'null' : 'value';
}

/** Composes the conditions that an agent comes after a keyset position. */
export function afterPosition(
  { field, direction }: AgentOrder,
  key: PositionKey,
  bind: Bind<{ readonly after?: AgentPosition | undefined }>,
  dialect: Dialect,
): Sql[] {
  if (key === 'none') return [];
  const afterId = bind(({ after }) => after?.id ?? null);
  const { column, type } = orderColumns[field];
  if (key === 'null') return [sql`(${column} IS NULL AND ${id} > ${afterId})`];
  const value = bind(({ after }) => after?.value ?? null);
  const position = { value: type === 'time' ? dialect.fromMs(value) : value, id: afterId };
  const isLater = isAfter(keysetColumns(field), direction, position);
  return [type === 'version' ? sql`(${isLater} OR ${column} IS NULL)` : isLater];
}
