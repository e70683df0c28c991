import type { Bind } from '../../sql/cached-statement';
import { orderTerms } from '../../query/order';
import { sql, type Sql } from '../../sql/sql';
import { AgentStatus } from '../types';
import { orderColumns, type AgentOrder, type AgentPosition, type PositionKey } from './order';

/** Range of an index that a query reads in the requested order. */
export interface OrderRange {
  /** Condition that an agent is in the range. */
  readonly condition: Sql;
  /** ORDER BY terms that are equal to the order of the index. */
  readonly orderBy: Sql;
}

/** Values to which the parameters of the ranges are bound. */
interface RangeInput {
  readonly after?: AgentPosition | undefined;
  readonly filter: { readonly status?: readonly AgentStatus[] };
}

const id = sql`a.id`;

/**
 * Composes the ranges of an index that together contain the agents after a keyset position, in the requested order. Two
 * orders need several ranges:
 *
 * - By status or version: many agents have the same value, so one range would contain many agents before the position.
 *   In an order by status, the ranges contain only the requested statuses.
 * - By version: versions that are not semantic come last, which is not their place in the index.
 *
 * @returns undefined for an order that needs only one range.
 */
export function rangesOf(order: AgentOrder, position: PositionKey, bind: Bind<RangeInput>): OrderRange[] | undefined {
  if (order.field === 'status') return statusRanges(order, bind);
  return order.field === 'version' ? versionRanges(order, position, bind) : undefined;
}

// Composes one range for each status. Null replaces a status that is before the position or was not requested, because
// no agent has the status null.
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

// Composes the ranges of the index that return the agents in the order of their versions. In both directions, the last
// range contains the agents whose version is not a semantic version.
//
// In descending order, the index is read backwards. It then returns the agents of one version in descending order of
// their ids, but every order needs ascending ids. Therefore the version of the position is a separate range. For each
// other version, the database sorts the agents when it reaches the version.
function versionRanges({ field, direction }: AgentOrder, position: PositionKey, bind: Bind<RangeInput>): OrderRange[] {
  const { column } = orderColumns[field];
  const afterId = bind(({ after }) => after?.id ?? null);
  const value = bind(({ after }) => after?.value ?? null);
  const ascending = orderTerms([column], 'asc', id);
  const ordered = orderTerms([column], direction, id);
  if (position === 'null') return [{ condition: sql`${column} IS NULL AND ${id} > ${afterId}`, orderBy: ascending }];
  const nulls = { condition: sql`${column} IS NULL`, orderBy: ascending };
  // `>= ''` is true for every version key. SQLite can use the index for this condition, but not for IS NOT NULL.
  if (position === 'none') return [{ condition: sql`${column} >= ''`, orderBy: ordered }, nulls];
  if (direction === 'asc') {
    return [{ condition: sql`(${column}, ${id}) > (${value}, ${afterId})`, orderBy: ascending }, nulls];
  }
  return [restOf(column, value, afterId), { condition: sql`${column} < ${value}`, orderBy: ordered }, nulls];
}

// Composes the range of the agents with a value, and with an id greater than `afterId`. Does not use `column = value`,
// because PostgreSQL might then read all agents in the order of their ids.
function restOf(column: Sql, value: Sql, afterId: Sql): OrderRange {
  return {
    condition: sql`(${column}, ${id}) > (${value}, ${afterId}) AND ${column} <= ${value}`,
    orderBy: orderTerms([column], 'asc', id),
  };
}
