import type { Bind } from '../../sql/cached-statement';
import { orderTerms } from '../../query/order';
import { sql, type Sql } from '../../sql/sql';
import { AgentStatus } from '../types';
import { orderColumns, type AgentOrder, type AgentPosition, type PositionKey } from './order';

/** Range of the index of an order. */
export interface OrderRange {
  /** Condition for the agents in the range. */
  readonly condition: Sql;
  /** Terms of ORDER BY, such that the index has this order. */
  readonly orderBy: Sql;
}

/** Input that the ranges are bound to. */
interface RangeInput {
  readonly after?: AgentPosition | undefined;
  readonly filter: { readonly status?: readonly AgentStatus[] };
}

const id = sql`a.id`;

/**
 * Composes the ranges of an index that together have the agents after a keyset position, in the requested order. Many
 * agents have the same status or version, and the versions that are not semantic come last, so one range would contain
 * many agents before the position, or would not have the order. In the order of the statuses, the ranges have only
 * agents that match the filter of statuses.
 *
 * @returns undefined for an order that is read as one range.
 */
export function rangesOf(order: AgentOrder, position: PositionKey, bind: Bind<RangeInput>): OrderRange[] | undefined {
  if (order.field === 'status') return statusRanges(order, bind);
  return order.field === 'version' ? versionRanges(order, position, bind) : undefined;
}

// One range for each status. A status that is not requested, or is before the position, is bound as null: no agent has it.
function statusRanges({ direction }: AgentOrder, bind: Bind<RangeInput>): OrderRange[] {
  const ascending = Object.values(AgentStatus).toSorted();
  const isBefore = (status: string, value: unknown): boolean =>
    direction === 'asc' ? status < String(value) : status > String(value);
  return (direction === 'asc' ? ascending : ascending.toReversed()).map((status) => {
    const bound = bind(({ after, filter }) => {
      const isOmitted = filter.status?.includes(status) === false;
      return isOmitted || (after !== undefined && isBefore(status, after.value)) ? null : status;
    });
    const afterId = bind(({ after }) => (after?.value === status ? after.id : ''));
    return restOf(sql`a.status`, bound, afterId);
  });
}

// In ascending order, the agents with later versions, and those whose version is not semantic. In descending order, the
// agents with the version of the position are a range of their own. The database sorts the agents of each other version
// by id when it reaches the version, because the index read backwards has their ids in descending order.
function versionRanges({ field, direction }: AgentOrder, position: PositionKey, bind: Bind<RangeInput>): OrderRange[] {
  const { column } = orderColumns[field];
  const afterId = bind(({ after }) => after?.id ?? null);
  const value = bind(({ after }) => after?.value ?? null);
  const ascending = orderTerms([column], 'asc', id);
  const ordered = orderTerms([column], direction, id);
  if (position === 'null') return [{ condition: sql`${column} IS NULL AND ${id} > ${afterId}`, orderBy: ascending }];
  const nulls = { condition: sql`${column} IS NULL`, orderBy: ascending };
  // Every key is at least the empty text. SQLite would not use an index for IS NOT NULL.
  if (position === 'none') return [{ condition: sql`${column} >= ''`, orderBy: ordered }, nulls];
  if (direction === 'asc') {
    return [{ condition: sql`(${column}, ${id}) > (${value}, ${afterId})`, orderBy: ascending }, nulls];
  }
  return [restOf(column, value, afterId), { condition: sql`${column} < ${value}`, orderBy: ordered }, nulls];
}

// The agents with a value after an id. With `column = value`, PostgreSQL may read all agents in the order of their ids.
function restOf(column: Sql, value: Sql, afterId: Sql): OrderRange {
  return {
    condition: sql`(${column}, ${id}) > (${value}, ${afterId}) AND ${column} <= ${value}`,
    orderBy: orderTerms([column], 'asc', id),
  };
}
