import { fieldsIn, type CandidateSource } from '../../query/filter-field';
import type { FilterSql } from '../../query/filter-sql';
import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import type { AgentOrderField } from './types';

/** Context of a term's SQL, for an agent `a`. */
export interface AgentContext {
  readonly dialect: Dialect;
  /** SQL of the agent's id: the column of the table of candidates when there is one, and `a.id` otherwise. */
  readonly id: Sql;
  /** Current time, in milliseconds since 1970. */
  readonly nowMs: Sql;
  /** True in a scan in the requested order: the conditions must not make the database read another index. */
  readonly isScan: boolean;
}

/** Index that finds the agents that match one term. */
export interface AgentSource extends CandidateSource {
  /** Query that returns the ids of the candidates: of all agents that match the term, and sometimes of others. */
  readonly candidates: Sql;
  /** True when `candidates` may contain an agent more than once. */
  readonly hasDuplicates: boolean;
  /** Query of all candidates without duplicates, used when no source is selective. Default: `candidates`. */
  readonly fallback?: Sql;
  /** Table expression that `candidates`, `fallback` and `isFew` refer to. */
  readonly table?: Sql;
  /**
   * Condition that is true when there are at most {@link selectiveLimit} candidates. Default: the candidates are
   * counted.
   */
  readonly isFew?: Sql;
  /**
   * Maximum number of agents to read in the requested order before the fallback is used, if this is the best source. A
   * source with few candidates soon finds the page by itself. Default: {@link maxScanned}.
   */
  readonly maxScanned?: Sql;
  /** True when every candidate matches the term, so that the residual filter omits the term. */
  readonly isExact: boolean;
  /**
   * True for an indexed column of the table `agents`. When all sources of a query are such columns, the query reads the
   * table directly, without candidates. {@link orders} describes the exception.
   */
  readonly isOwnColumn: boolean;
  /**
   * Orders in which an index yields the matching agents. In any other order, the database would sort all of them for
   * each page; then the query uses the candidates. Default: all orders, because few agents match.
   */
  readonly orders?: readonly AgentOrderField[];
}

/**
 * Ranks of the candidate sources by estimated selectivity, the most selective one first. A part of a name is more
 * selective than a capability, which many agents have. No index finds a short part of a name, so the source of a short
 * part scans all names.
 */
export const rankOf = {
  exactName: 0,
  owner: 1,
  metadata: 2,
  allCapabilities: 3,
  indexedName: 4,
  anyCapability: 5,
  endpoint: 6,
  shortName: 7,
  status: 8,
} as const;

/**
 * Maximum number of candidates of a selective source. The query reads all of them, whatever the requested order is.
 */
export const selectiveLimit = sql`1000`;

/** Maximum number of agents that are read in the requested order before the fallback is used. */
export const maxScanned = sql`3000`;

export type AgentFilterSql = FilterSql<AgentContext, AgentSource>;

export const { field, sharedTerm, partOf } = fieldsIn<AgentContext, AgentSource>();

/**
 * Composes an EXISTS condition. OFFSET 0 keeps PostgreSQL from evaluating the subquery for all agents first when only
 * the results of a few agents are needed.
 */
export function exists(from: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} LIMIT 1 OFFSET 0)`;
}
