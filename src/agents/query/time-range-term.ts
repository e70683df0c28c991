import { raw, sql, type Sql } from '../../sql/sql';
import { allOf } from '../../sql/statement';
import type { TermInput, TermKey } from '../../query/filter-field';
import { columnIn, rankOf, sharedTerm, type AgentContext } from './filter-term';

/** Range of times in milliseconds since 1970. Both bounds are exclusive. */
export interface TimeRange {
  readonly after?: number;
  readonly before?: number;
}

/** Properties of a {@link TimeRange} that determine its SQL text. */
export interface TimeRangeKey extends Readonly<Record<string, TermKey>> {
  readonly hasAfter: boolean;
  readonly hasBefore: boolean;
}

/** Defines the filter term for agents whose time in an indexed column is in a {@link TimeRange}. */
function timeRange<N extends 'createdAt' | 'updatedAt'>(name: N, columnName: string) {
  const column = raw(columnName);
  return sharedTerm(name, {
    cacheKey: ({ after, before }: TimeRange): TimeRangeKey => ({
      hasAfter: after !== undefined,
      hasBefore: before !== undefined,
    }),
    condition: (input, context) => isWithin(input, context, columnIn(context, sql`a.${column}`, name)),
    source: (input, context) => ({
      rank: rankOf.time,
      candidates: sql`SELECT n.id FROM agents n WHERE ${isWithin(input, context, sql`n.${column}`)}`,
      hasDuplicates: false,
      isExact: true,
      isOwnColumn: true,
      isRange: true,
      orders: [name],
    }),
  });
}

export const created = timeRange('createdAt', 'created_at');
export const updated = timeRange('updatedAt', 'updated_at');

function isWithin(
  { cacheKey: { hasAfter, hasBefore }, bind }: TermInput<TimeRange, TimeRangeKey>,
  { dialect }: AgentContext,
  column: Sql,
): Sql {
  return allOf([
    ...(hasAfter ? [sql`${column} > ${dialect.fromMs(bind(({ after }) => after ?? null))}`] : []),
    ...(hasBefore ? [sql`${column} < ${dialect.fromMs(bind(({ before }) => before ?? null))}`] : []),
  ]);
}
