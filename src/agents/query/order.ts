import type { Bind } from '../../sql/cached-statement';
import { invalidInput } from '../../errors/failure';
import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import { isAfter, orderTerms, type KeysetColumns, type Order } from '../../query/order';
import type { AgentOrderField } from './types';

/** Column that agents can be ordered by. */
interface OrderColumn {
  readonly column: Sql;
  readonly type: 'text' | 'time';
  /**
   * True when an index has this order, so that the first agents of the order can be read without reading all agents. Only such an
   * order is accepted for pages: without an index, every page would read all agents.
   */
  readonly isIndexed: boolean;
}

const text = (column: Sql): OrderColumn => ({ column, type: 'text', isIndexed: true });
const time = (column: Sql): OrderColumn => ({ column, type: 'time', isIndexed: true });
const unindexed = (column: Sql): OrderColumn => ({ column, type: 'text', isIndexed: false });

export const orderColumns: Readonly<Record<AgentOrderField, OrderColumn>> = {
  id: text(sql`a.id`),
  name: text(sql`a.name`),
  version: unindexed(sql`a.version_key`),
  owner: text(sql`a.owner`),
  status: unindexed(sql`a.status`),
  createdAt: time(sql`a.created_at`),
  updatedAt: time(sql`a.updated_at`),
  expiresAt: time(sql`a.expires_at`),
};

export type AgentOrder = Order<AgentOrderField>;

/** Keyset position after an agent. */
export interface AgentPosition {
  /** Value of the order's column, times in milliseconds since 1970. */
  readonly value: string | number;
  readonly id: string;
}

const id = sql`a.id`;

/** Composes ORDER BY. Versions that are not semantic come last in both directions. */
export function orderBy({ field, direction }: AgentOrder): Sql {
  const { column } = orderColumns[field];
  if (field === 'id') return orderTerms([id], direction, undefined);
  if (field !== 'version') return orderTerms([column], direction, id);
  return sql`${orderTerms([column], direction, undefined)} NULLS LAST, ${id} ASC`;
}

/** Returns the columns that {@link orderBy} sorts by. */
export function keysetColumns(field: AgentOrderField): KeysetColumns {
  return { value: field === 'id' ? undefined : orderColumns[field].column, id };
}

/** Composes the conditions for the agents after a keyset position; none when there is no position. */
export function afterPosition(
  { field, direction }: AgentOrder,
  hasPosition: boolean,
  bind: Bind<{ readonly after?: AgentPosition | undefined }>,
  dialect: Dialect,
): Sql[] {
  if (!hasPosition) return [];
  const value = bind(({ after }) => after?.value ?? null);
  const position = {
    value: orderColumns[field].type === 'time' ? dialect.fromMs(value) : value,
    id: bind(({ after }) => after?.id ?? null),
  };
  return [isAfter(keysetColumns(field), direction, position)];
}

/** Refuses an order that no index has, in a query that is read in pages. @throws INVALID_INPUT */
export function refuseUnindexedOrder({ field }: AgentOrder): void {
  if (orderColumns[field].isIndexed) return;
  throw invalidInput(
    'orderBy',
    `must not be ${field} for a query that is read in pages, because no index has this order`,
  );
}
