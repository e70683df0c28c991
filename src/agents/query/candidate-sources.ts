import { join, raw, sql, type Sql } from '../../sql/sql';
import type { AgentOrderField } from './types';
import { maxScanned, selectiveLimit, type AgentContext, type AgentFilterSql, type AgentSource } from './filter-term';

/**
 * Names of the tables of candidates, each with the column `id`: the candidates of the first selective source, and the
 * candidates of the fallback.
 */
export const selectiveTable = sql`selective`;
export const fallbackTable = sql`fallback`;

/**
 * Maximum number of sources whose candidates a query counts: the best ones. It bounds the size of the statement, because
 * SQLite 3.54 refuses one in which the references to table expressions, including those inside of the referenced ones,
 * are too many.
 */
const maxSources = 6;

const noLimit = sql`CAST(9007199254740991 AS BIGINT)`;

/** Plan of a query that reads only the candidates of a selective source. */
interface SelectivePlan {
  /** Table expressions of the sources, and {@link selectiveTable}, which is empty when no source is selective. */
  readonly tables: readonly Sql[];
  /** Condition that is true when one of the sources is selective. */
  readonly isSelective: Sql;
}

/** Plan of a query that reads only the candidates of a filter instead of all agents. */
export interface CandidatePlan extends SelectivePlan {
  /**
   * Composes {@link fallbackTable}, with all candidates of the best source. This table is empty when `isNeeded` is
   * false.
   */
  readonly fallback: (isNeeded: Sql) => Sql;
  /** Maximum number of agents to read in the requested order before {@link fallbackTable}. */
  readonly maxScanned: Sql;
  /**
   * Residual filter for the candidates of the fallback. It omits the term that every candidate matches, so that the
   * query reads fewer rows.
   */
  readonly residual: AgentFilterSql;
}

/**
 * Plans the candidate sources for a filter. The query itself counts the candidates of each source when it runs. It
 * counts only up to the selective limit.
 *
 * @returns undefined when the indexes of the table `agents` are enough: the filter is selective, or it has no source
 * other than columns of that table.
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

/** Plan of a query that reads the candidates of a selective source, or else the table `agents` directly. */
export interface OrderedPlan extends SelectivePlan {
  /** True when the query reads the index of the requested order, unless a source is selective. */
  readonly isScan: boolean;
}

/**
 * Plans a query whose candidate sources are columns of the table `agents`. Plans the sources whose agents no index
 * yields in the requested order. When no source is selective, the query reads the index of the order until the page is
 * full. This is soon, because many agents match. It reads the agents of the owner or of the name if that is given.
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

// Composes a condition that is true when one of the first `count` sources is selective. Each table of counts contains the
// result of the one before, so that a condition refers to one table only.
function isAnySelective(count: number): Sql {
  return sql`(SELECT is_any_selective FROM ${countTable(count - 1)})`;
}

// Composes the tables of a source: one with its candidates, up to the limit, and one with the result of counting them,
// so that the query counts only once whether the source is selective. When an earlier source is selective, the query
// does not read this source.
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
  // When an earlier source is selective, there are no candidates, and both columns are true.
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
  // With a single source, a materialized table would only copy the candidates.
  const copy = raw(arms.length > 1 ? 'MATERIALIZED' : 'NOT MATERIALIZED');
  return sql`${selectiveTable} AS ${copy} (${join(arms, ' UNION ALL ')})`;
}
