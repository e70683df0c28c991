import { join, raw, sql, type Sql } from '../../sql/sql';
import type { AgentOrderField } from './types';
import { maxScanned, selectiveLimit, type AgentContext, type AgentFilterSql, type AgentSource } from './filter-term';

/**
 * Names of the two tables of candidates, each with a column `id`: those of the first selective source, and those of the
 * fallback.
 */
export const selectiveTable = sql`selective`;
export const fallbackTable = sql`fallback`;

/**
 * Maximum number of candidate sources that a query counts; it takes the best ones. More sources would make the
 * statement too large for SQLite 3.54, which limits the nested references to table expressions.
 */
const maxSources = 6;

const noLimit = sql`CAST(9007199254740991 AS BIGINT)`;

/** Plan of a query that reads the candidates of a selective source. */
interface SelectivePlan {
  /** Table expressions of the sources, and {@link selectiveTable}. That table is empty when no source is selective. */
  readonly tables: readonly Sql[];
  /** Condition that is true when at least one source is selective. */
  readonly isSelective: Sql;
}

/** Plan of a query that reads candidates, and never all agents. */
export interface CandidatePlan extends SelectivePlan {
  /**
   * Composes {@link fallbackTable}, which contains all candidates of the best source. The table is empty when
   * `isNeeded` is false.
   */
  readonly fallback: (isNeeded: Sql) => Sql;
  /** Maximum number of agents that are read in the requested order before {@link fallbackTable} is used. */
  readonly maxScanned: Sql;
  /** Residual filter for the candidates of the fallback. It omits the term that all of these candidates match. */
  readonly residual: AgentFilterSql;
}

/**
 * Plans the candidate sources for a filter. When the query runs, it counts the candidates of each source, but only up
 * to the selective limit.
 *
 * @returns undefined when the indexes of the table `agents` are enough: the filter is selective, or all of its sources
 *   are columns of that table.
 */
export function planCandidates(filter: AgentFilterSql, context: AgentContext): CandidatePlan | undefined {
  if (filter.isSelective) return undefined;
  const all = filter.sources(context);
  const best = all.find(({ source }) => !source.isOwnColumn);
  if (best === undefined) return undefined;
  const named = all.filter((entry, index) => index < maxSources || entry === best);
  const { candidates, fallback = candidates, isExact } = best.source;
  return {
    ...planSelective(named.map(({ source }) => source)),
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
 * Plans a query whose candidate sources are columns of the table `agents`. Counts only sources whose agents no index
 * returns in the requested order. If none of them is selective, many agents match, so a scan in the requested order
 * soon fills the page. If the owner or the name is given, the query reads the agents of that owner or name and does not
 * scan.
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
  return counted.length === 0 ? undefined : { ...planSelective(counted), isScan };
}

function planSelective(sources: readonly AgentSource[]): SelectivePlan {
  return {
    tables: [
      ...sources.flatMap(({ table }) => (table === undefined ? [] : [table])),
      ...sources.flatMap(countedTables),
      selectiveCandidates(sources),
    ],
    isSelective: isAnySelective(sources.length),
  };
}

const candidateTable = (index: number): Sql => raw(`source_${index}`);
const countTable = (index: number): Sql => raw(`count_${index}`);
const isSelective = (index: number): Sql => sql`(SELECT is_selective FROM ${countTable(index)})`;

// Composes a condition that is true when one of the first `count` sources is selective. Each table of counts also
// contains the result of the table before it, so that the condition refers to one table only.
function isAnySelective(count: number): Sql {
  return sql`(SELECT is_any_selective FROM ${countTable(count - 1)})`;
}

// Composes the tables of a source: its candidates up to the limit, and the result of counting them. So the query counts
// only once. If an earlier source is selective, the query does not read this source.
function countedTables({ candidates, isFew }: AgentSource, index: number): Sql[] {
  const count = countTable(index);
  if (isFew !== undefined) {
    const earlier = index === 0 ? sql`0 = 1` : isAnySelective(index);
    return [
      sql`${count} AS MATERIALIZED (SELECT NOT counted.is_found AND counted.is_few AS is_selective, counted.is_found OR counted.is_few AS is_any_selective
        FROM (SELECT ${earlier} AS is_found, ${isFew} AS is_few) AS counted)`,
    ];
  }
  const table = candidateTable(index);
  const limit = sql`${selectiveLimit} + 1`;
  const end = index === 0 ? limit : sql`CASE WHEN ${isAnySelective(index)} THEN 0 ELSE ${limit} END`;
  // If an earlier source is selective, there are no candidates, and both columns are true.
  return [
    sql`${table} AS MATERIALIZED (${candidates} LIMIT ${end})`,
    sql`${count} AS MATERIALIZED (SELECT counted.is_few AS is_selective, counted.is_few AS is_any_selective
      FROM (SELECT count(*) <= ${selectiveLimit} AS is_few FROM ${table}) AS counted)`,
  ];
}

function selectiveCandidates(sources: readonly AgentSource[]): Sql {
  const arms = sources.map(({ candidates, hasDuplicates, isFew }, index) => {
    const ids = hasDuplicates ? sql`DISTINCT candidate.id` : sql`candidate.id`;
    const table = isFew === undefined ? candidateTable(index) : sql`(${candidates})`;
    return sql`SELECT ${ids} FROM ${table} AS candidate WHERE ${isSelective(index)}`;
  });
  // With a single source, materializing the table would only copy the candidates.
  const copy = raw(arms.length > 1 ? 'MATERIALIZED' : 'NOT MATERIALIZED');
  return sql`${selectiveTable} AS ${copy} (${join(arms, ' UNION ALL ')})`;
}
