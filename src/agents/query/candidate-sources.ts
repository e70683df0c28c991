import type { Dialect } from '../../sql/dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import type { AgentOrderField } from './types';
import { maxScanned, selectiveLimit, type AgentContext, type AgentFilterSql, type AgentSource } from './filter-term';

/**
 * Name of the table with the candidates of the first selective source. Like {@link fallbackTable}, it has the column
 * `id`.
 */
export const selectiveTable = sql`selective`;
export const fallbackTable = sql`fallback`;

/**
 * Maximum number of candidate sources that a query counts. The query counts the best sources. More sources would make
 * the statement too large for SQLite 3.54, which limits the nested references to table expressions.
 */
const defaultMaxSources = 6;

const noLimit = sql`CAST(9007199254740991 AS BIGINT)`;

/** Plan of a query that reads the candidates of a selective source. */
interface SelectivePlan {
  /**
   * Table expressions of the sources, followed by {@link selectiveTable}, which is empty when no source is selective.
   */
  readonly tables: readonly Sql[];
  /** Condition that is true when at least one source is selective. */
  readonly isSelective: Sql;
}

/** Plan of a query that always reads candidates, and never all agents. */
export interface CandidatePlan extends SelectivePlan {
  /**
   * Composes {@link fallbackTable}, which contains all candidates of the best source. The table is empty when
   * `isNeeded` is false.
   */
  readonly fallback: (isNeeded: Sql) => Sql;
  /** Maximum number of agents that the query reads in the requested order before it uses {@link fallbackTable}. */
  readonly maxScanned: Sql;
  /** Residual filter for the candidates of the fallback. It omits the term that all of these candidates match. */
  readonly residual: AgentFilterSql;
}

/**
 * Plans the candidate sources of a query. When the query runs, it counts the candidates of each source, but only up to
 * the selective limit.
 *
 * @returns undefined when the indexes of the table `agents` are enough: the filter is selective, or all of its sources
 * are columns of this table.
 */
export function planCandidates(
  filter: AgentFilterSql,
  context: AgentContext,
  maxSources = defaultMaxSources,
): CandidatePlan | undefined {
  if (filter.isSelective) return undefined;
  const all = filter.sources(context);
  const best = all.find(({ source }) => !source.isOwnColumn);
  if (best === undefined) return undefined;
  const named = all.filter((entry, index) => index < maxSources || entry === best);
  const { candidates, fallback = candidates, isExact } = best.source;
  return {
    ...planSelective(
      context.dialect,
      named.map(({ source }) => source),
    ),
    fallback: (isNeeded) =>
      sql`${fallbackTable} AS MATERIALIZED (${fallback} LIMIT CASE WHEN ${isNeeded} THEN ${noLimit} ELSE 0 END)`,
    maxScanned: best.source.maxScanned ?? maxScanned,
    residual: isExact ? filter.without(best.name) : filter,
  };
}

/** Plan of a query that reads the candidates of a selective source, or else the table `agents`. */
export interface OrderedPlan extends SelectivePlan {
  /** True when the query scans the index of the requested order if no source is selective. */
  readonly isScan: boolean;
}

/**
 * Plans a query whose candidate sources are columns of the table `agents`. Counts a source only if no index returns its
 * agents in the requested order. If no source is selective, many agents match, so a scan in the requested order soon
 * fills the page. A query with an owner or a name does not scan: it reads the agents of this owner or name.
 *
 * @returns undefined when one index finds the agents in the requested order, or finds few of them.
 */
export function planOrderedScan(
  filter: AgentFilterSql,
  context: AgentContext,
  order: AgentOrderField,
): OrderedPlan | undefined {
  const sources = filter.isSelective ? [] : filter.sources(context).map(({ source }) => source);
  const isScan = sources.every(({ orders }) => orders !== undefined);
  const counted = sources.filter(
    ({ orders, isRange = false }) => orders?.includes(order) === false && (isScan || isRange),
  );
  return counted.length === 0 ? undefined : { ...planSelective(context.dialect, counted), isScan };
}

function planSelective(dialect: Dialect, sources: readonly AgentSource[]): SelectivePlan {
  return {
    tables: [
      ...sources.flatMap(({ table }) => (table === undefined ? [] : [table])),
      firstSelective(sources),
      selectiveCandidates(dialect, sources),
    ],
    isSelective: sql`${indexOfFirst} IS NOT NULL`,
  };
}

const indexOfFirst = sql`(SELECT source FROM first_selective)`;

// Composes a table that contains the number of the first source with few candidates. CASE stops at this source, so the
// query does not count the candidates of later sources.
function firstSelective(sources: readonly AgentSource[]): Sql {
  const cases = sources.map((source, index) => sql`WHEN ${isSelective(source)} THEN ${raw(String(index))}`);
  return sql`first_selective AS MATERIALIZED (SELECT CASE ${join(cases, ' ')} END AS source)`;
}

function isSelective({ candidates, isFew }: AgentSource): Sql {
  if (isFew !== undefined) return isFew;
  const counted = sql`(${candidates} LIMIT ${selectiveLimit} + 1) AS candidate`;
  return sql`(SELECT count(*) FROM ${counted}) <= ${selectiveLimit}`;
}

// Composes the table of the selective source's candidates, which the query reads a second time. SQLite 3.54 expands a
// table wherever another table refers to it. So a table with the counted candidates would make the statement too large.
// For the same reason, a single expression selects the source, and refers to `first_selective` only once.
function selectiveCandidates(dialect: Dialect, sources: readonly AgentSource[]): Sql {
  const cases = sources.map(({ candidates, hasDuplicates }, index) => {
    const few = sql`(${candidates} LIMIT ${selectiveLimit}) AS candidate`;
    const ids = hasDuplicates ? sql`SELECT DISTINCT candidate.id FROM ${few}` : sql`SELECT candidate.id FROM ${few}`;
    return sql`WHEN ${raw(String(index))} THEN ${dialect.idArray(ids)}`;
  });
  const ids = sql`CASE ${indexOfFirst} ${join(cases, ' ')} END`;
  return sql`${selectiveTable} AS NOT MATERIALIZED (SELECT candidate.id FROM ${dialect.idArrayElements(ids, 'candidate')})`;
}
