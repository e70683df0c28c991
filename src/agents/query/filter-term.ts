import { fieldsIn, type CandidateSource } from '../../query/filter-field';
import type { FilterSql } from '../../query/filter-sql';
import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import type { AgentOrderField } from './types';

/** Context for the SQL of a term, for an agent `a`. */
export interface AgentContext {
  readonly dialect: Dialect;
  /** SQL of the agent's id: the column `id` of a table of candidates if there is one, otherwise `a.id`. */
  readonly id: Sql;
  /** Current time, in milliseconds since 1970. */
  readonly nowMs: Sql;
  /**
   * Order of the scan that the conditions belong to: they must not make the database use the index of another column.
   * Undefined when there is no scan.
   */
  readonly scanOrder: AgentOrderField | undefined;
  /** Returns the name that a table expression of a term has in the statement. */
  readonly table: (name: string) => Sql;
}

/** Index that finds the agents that match one term. */
export interface AgentSource extends CandidateSource {
  /** Query that returns the ids of the candidates: all agents that match the term, and possibly others. */
  readonly candidates: Sql;
  /** True when `candidates` may contain an agent more than once. */
  readonly hasDuplicates: boolean;
  /** Query of all candidates without duplicates, for the case that no source is selective. Default: `candidates`. */
  readonly fallback?: Sql;
  /** Table expression that `candidates`, `fallback` and `isFew` refer to. */
  readonly table?: Sql;
  /**
   * Condition that is true when there are at most {@link selectiveLimit} candidates. Default: the query counts the
   * candidates.
   */
  readonly isFew?: Sql;
  /**
   * Maximum number of agents that are read in the requested order before the fallback is used, if this is the best
   * source. It is lower for a source with few candidates, because the fallback is quick then. Default:
   * {@link maxScanned}.
   */
  readonly maxScanned?: Sql;
  /** True when every candidate matches the term. Then the residual filter omits the term. */
  readonly isExact: boolean;
  /**
   * True for an indexed column of the table `agents`. If all sources of a query are such columns, the query reads the
   * table directly, except in the orders that {@link orders} excludes.
   */
  readonly isOwnColumn: boolean;
  /**
   * True for a range of the column. The query counts the candidates of a range even if the owner or the name is given,
   * because the range may contain much fewer agents. Default: false.
   */
  readonly isRange?: boolean;
  /**
   * Orders in which an index returns the matching agents. For any other order, the query uses the candidates, because
   * the database would otherwise sort all matching agents for each page. Default: all orders, because few agents match.
   */
  readonly orders?: readonly AgentOrderField[];
}

/**
 * Ranks of the candidate sources by estimated selectivity, the most selective one first. A part of a name is more
 * selective than a capability, which many agents have. A short part of a name comes after the sources with an index,
 * because its source scans all names.
 */
export const rankOf = {
  exactName: 0,
  owner: 1,
  address: 2,
  metadata: 3,
  allCapabilities: 4,
  indexedName: 5,
  anyCapability: 6,
  endpoint: 7,
  certificateStatus: 8,
  time: 9,
  shortName: 10,
  status: 11,
} as const;

/** Maximum number of candidates of a selective source. The query reads all of these candidates in any order. */
export const selectiveLimit = sql`1000`;

/** Maximum number of agents that are read in the requested order before the fallback is used. */
export const maxScanned = sql`3000`;

export type AgentFilterSql = FilterSql<AgentContext, AgentSource>;

export const { field, sharedTerm, partOf } = fieldsIn<AgentContext, AgentSource>();

/**
 * Returns a column of the table `agents` for a condition. In a scan in another order, returns a form of the column for
 * which no index is used.
 *
 * @param field - order in which an index of the column returns the agents.
 */
export function columnIn({ dialect, scanOrder }: AgentContext, column: Sql, field?: AgentOrderField): Sql {
  return scanOrder === undefined || scanOrder === field ? column : dialect.unindexed(column);
}

/**
 * Composes an EXISTS condition. Without OFFSET 0, PostgreSQL might evaluate the subquery for all agents, although the
 * results of a few agents are enough.
 */
export function exists(from: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} LIMIT 1 OFFSET 0)`;
}
