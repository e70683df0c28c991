import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import { allOf } from '../../sql/statement';
import { fallbackTable, planCandidates, selectiveTable } from './candidate-sources';
import { agentsOf, contextOf } from './composition';
import type { AgentFilterSql } from './filter-term';

/** Queries that together read all agents that match a filter. Each agent is read once. */
export interface MatchingAgents {
  /** Table expressions that the queries refer to. */
  readonly tables: readonly Sql[];
  /** Composes the queries, which select `columns` of the matching agents `a`. Each query selects different agents. */
  readonly select: (columns: Sql) => Sql[];
}

/**
 * Composes the queries that read all agents that match a filter, in no particular order.
 *
 * @param maxSources - maximum number of sources whose candidates are counted. A statement that contains the queries
 *   several times needs a low number.
 */
export function composeMatching(
  dialect: Dialect,
  filter: AgentFilterSql,
  nowMs: Sql,
  maxSources?: number,
): MatchingAgents {
  const context = contextOf({ dialect, nowMs });
  const tables = filter.tables(context);
  const plan = planCandidates(filter, context, maxSources);
  if (plan === undefined) {
    const conditions = allOf(filter.conditions(context));
    return { tables, select: (columns) => [sql`SELECT ${columns} FROM agents a WHERE ${conditions}`] };
  }
  const selectFrom = (columns: Sql, candidates: Sql, matched: AgentFilterSql): Sql => {
    const conditions = matched.conditions(contextOf({ dialect, nowMs }, sql`${candidates}.id`));
    return sql`SELECT ${columns} FROM ${agentsOf(dialect, candidates)} WHERE ${allOf(conditions)}`;
  };
  return {
    tables: [...tables, ...plan.tables, plan.fallback(sql`NOT ${plan.isSelective}`)],
    select: (columns) => [
      selectFrom(columns, selectiveTable, filter),
      selectFrom(columns, fallbackTable, plan.residual),
    ],
  };
}
