import { fieldsIn, type CandidateSource } from '../../query/filter-field';
import type { FilterSql } from '../../query/filter-sql';
import type { Dialect } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';

/** Context of the conditions on an agent `a`. */
export interface AgentContext {
  readonly dialect: Dialect;
  /** SQL of the agent's id, from the earliest table that has it. */
  readonly id: Sql;
  /** Current time, in milliseconds since 1970. */
  readonly nowMs: Sql;
}

/** Index that finds the agents of one term. */
export interface AgentSource extends CandidateSource {
  /** Query of the column `id` of the candidates: all agents that match the term, and sometimes others. */
  readonly candidates: Sql;
  /** True when `candidates` may contain an agent more than once. */
  readonly hasDuplicates: boolean;
  /** Query of the same ids without duplicates, for a search in which no source is selective. Default: `candidates`. */
  readonly fallback?: Sql;
  /** Table expression that these queries and `isFew` refer to. */
  readonly table?: Sql;
  /** Condition for few candidates, where it is known without counting them. */
  readonly isFew?: Sql;
  /** True when every candidate matches the term, so that the residual filter omits it. */
  readonly isExact: boolean;
  /** True for an indexed column of the agents: a query with no other source needs no candidates. */
  readonly isOwnColumn: boolean;
}

/**
 * Ranks of the candidate sources by estimated selectivity, the most selective one first. Part of a name is more selective
 * than a capability, which many agents have. No index finds a short part of a name: its source scans all names.
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
} as const;

/**
 * Maximum number of candidates of a selective source. They are compared one by one, whatever the requested order is.
 */
export const selectiveLimit = sql`1000`;

export type AgentFilterSql = FilterSql<AgentContext, AgentSource>;

export const { field, sharedTerm, partOf } = fieldsIn<AgentContext, AgentSource>();

/**
 * Composes EXISTS. Without the offset, PostgreSQL may evaluate the subquery for all agents first, to look up the results
 * of a few.
 */
export function exists(from: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} LIMIT 1 OFFSET 0)`;
}
