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
  /**
   * Order of a scan in the requested order: the conditions must not make the database read the index of another column.
   * Undefined when the conditions are not those of a scan.
   */
  readonly scanOrder: AgentOrderField | undefined;
  /** Returns the name in the statement of a table expression of a term. */
  readonly table: (name: string) => Sql;
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
   * True for a range of the column: the query counts its candidates even when the owner or the name of the agents is
   * given, because the range may be much smaller. Default: false.
   */
  readonly isRange?: boolean;
  /**
   * Orders in which an index yields the matching agents. In any other order, the database would sort all of them for
   * each page; then the query uses the candidates. Default: all orders, because few agents match.
   */
  readonly orders?: readonly AgentOrderField[];
}

/**
 * Ranks of the candidate sources by estimated selectivity, the most selective one first. A part of a name is more
 * selective than a capability, which many agents have. No index finds a short part of a name, so the source of a short
 * part scans all names, and comes after the sources that an index counts.
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
 * Maximum number of candidates of a selective source. The query reads all of them, whatever the requested order is.
 */
export const selectiveLimit = sql`1000`;

/** Maximum number of agents that are read in the requested order before the fallback is used. */
export const maxScanned = sql`3000`;

export type AgentFilterSql = FilterSql<AgentContext, AgentSource>;

export const { field, sharedTerm, partOf } = fieldsIn<AgentContext, AgentSource>();

/**
 * Returns a column of the table `agents` for a condition. In a scan in the order of another field, the condition uses no
 * index.
 *
 * @param field - field of the order that an index of the column yields.
 */
export function columnIn({ dialect, scanOrder }: AgentContext, column: Sql, field?: AgentOrderField): Sql {
  return scanOrder === undefined || scanOrder === field ? column : dialect.unindexed(column);
}

/**
 * Composes an EXISTS condition. OFFSET 0 keeps PostgreSQL from evaluating the subquery for all agents first when only
 * the results of a few agents are needed.
 */
export function exists(from: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} LIMIT 1 OFFSET 0)`;
}
