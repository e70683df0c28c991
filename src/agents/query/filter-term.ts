import { fieldsIn, type CandidateSource } from '../../query/filter-field';
import type { FilterSql } from '../../query/filter-sql';
import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import type { AgentOrderField } from './types';

/** Context for composing the SQL of a filter term, for an agent `a`. */
export interface AgentContext {
  readonly dialect: Dialect;
  /** SQL of the agent's id: the column `id` of a table of candidates if there is one, otherwise `a.id`. */
  readonly id: Sql;
  /** Current time, in milliseconds since 1970. */
  readonly nowMs: Sql;
  /**
   * Order of the scan to which the conditions belong. The conditions must not make the database use the index of
   * another column. Undefined when there is no scan.
   */
  readonly scanOrder: AgentOrderField | undefined;
  /** Returns the name that a table expression of a filter term has in the statement. */
  readonly table: (name: string) => Sql;
}

/** Candidate source: lists the agents that match one filter term, usually by an index. */
export interface AgentSource extends CandidateSource {
  /** Query of the ids of the candidates: all agents that match the filter term, and possibly others. */
  readonly candidates: Sql;
  /** True when `candidates` may contain an agent more than once. */
  readonly hasDuplicates: boolean;
  /** Query of all candidates without duplicates, which is used when no source is selective. Default: `candidates`. */
  readonly fallback?: Sql;
  /** Table expression that the SQL of `candidates`, `fallback` and `isFew` refers to. */
  readonly table?: Sql;
  /**
   * SQL condition that there are at most {@link selectiveLimit} candidates. Default: the query counts the candidates.
   */
  readonly isFew?: Sql;
  /**
   * Maximum number of agents that are read in the requested order before the fallback is used. Applies if this source
   * is the best one. The maximum is lower for a source with few candidates, because the fallback is quick then.
   * Default: {@link maxScanned}.
   */
  readonly maxScanned?: Sql;
  /** True when every candidate matches the filter term. Then the residual filter omits the term. */
  readonly isExact: boolean;
  /**
   * True for an indexed column of the table `agents`. A query whose sources are all such columns reads the table
   * directly, except in the orders that {@link orders} excludes.
   */
  readonly isOwnColumn: boolean;
  /**
   * True for a range of the values of a column. Candidates of a range are counted even if the owner or the name is
   * given: the range may contain far fewer agents. Default: false.
   */
  readonly isRange?: boolean;
  /**
   * Orders in which an index returns the matching agents. For any other order, the query uses the candidates. Otherwise
   * the database would sort all matching agents for each page. Default: all orders, because few agents match.
   */
  readonly orders?: readonly AgentOrderField[];
}

/**
 * Ranks of the candidate sources by estimated selectivity: 0 is the most selective source. A part of a name is more
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

/**
 * Maximum number of candidates of a selective source. A query reads all candidates of a selective source, and then
 * sorts them.
 */
export const selectiveLimit = sql`1000`;

/** Default of the maximum number of agents that are read in the requested order before the fallback is used. */
export const maxScanned = sql`3000`;

export type AgentFilterSql = FilterSql<AgentContext, AgentSource>;

export const { field, sharedTerm, partOf } = fieldsIn<AgentContext, AgentSource>();

/**
 * Returns a column of the table `agents` for a condition. For a scan in another order, returns the column in a form for
 * which no index is used.
 *
 * @param field - order in which an index on the column returns the agents.
 */
export function columnIn({ dialect, scanOrder }: AgentContext, column: Sql, field?: AgentOrderField): Sql {
  return scanOrder === undefined || scanOrder === field ? column : dialect.unindexed(column);
}

/**
 * Composes an EXISTS condition. OFFSET 0 prevents PostgreSQL from evaluating the subquery for all agents, although the
 * results for a few agents are enough.
 */
export function exists(from: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} LIMIT 1 OFFSET 0)`;
}
