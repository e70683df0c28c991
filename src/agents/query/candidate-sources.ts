import { join, raw, sql, type Sql } from '../../sql/sql';
import { anyOf } from '../../sql/statement';
import { selectiveLimit, type AgentContext, type AgentFilterSql, type AgentSource } from './filter-term';

/** Tables with the column `id` of the candidates: of the first selective source, or of the fallback. */
export const selectiveTable = sql`selective`;
export const fallbackTable = sql`fallback`;

const noLimit = sql`CAST(9007199254740991 AS BIGINT)`;

/** Candidates of a filter, so that not all agents are read. */
export interface CandidatePlan {
  /** Table expressions: those of the sources, and {@link selectiveTable}, which is empty when no source is selective. */
  readonly tables: readonly Sql[];
  /** Condition for the existence of a selective source. */
  readonly isSelective: Sql;
  /** Composes {@link fallbackTable}: all candidates of the best source. It is empty unless `isNeeded` is true. */
  readonly fallback: (isNeeded: Sql) => Sql;
  /** Residual filter for the candidates of the fallback. A smaller filter avoids reading their rows. */
  readonly residual: AgentFilterSql;
}

/**
 * Plans the candidate sources for a filter. The query itself counts the candidates of a source when it runs, only up to
 * the selective limit.
 *
 * @returns undefined when there is no source or none is needed: then the indexes of the agents' own columns are used.
 */
export function planCandidates(filter: AgentFilterSql, context: AgentContext): CandidatePlan | undefined {
  if (filter.isSelective) return undefined;
  const named = filter.sources(context);
  const best = named.find(({ source }) => !source.isOwnColumn);
  if (best === undefined) return undefined;
  const { candidates, fallback = candidates, isExact } = best.source;
  const sources = named.map(({ source }) => source);
  return {
    tables: [
      ...sources.flatMap(({ table }) => (table === undefined ? [] : [table])),
      ...sources.flatMap(countedTables),
      selectiveCandidates(sources),
    ],
    isSelective: isAnySelective(sources.length),
    fallback: (isNeeded) =>
      sql`${fallbackTable} AS MATERIALIZED (${fallback} LIMIT CASE WHEN ${isNeeded} THEN ${noLimit} ELSE 0 END)`,
    residual: isExact ? filter.without(best.name) : filter,
  };
}

const candidateTable = (index: number): Sql => raw(`source_${index}`);
const countTable = (index: number): Sql => raw(`count_${index}`);
const isSelective = (index: number): Sql => sql`(SELECT is_selective FROM ${countTable(index)})`;

// True when one of the first `count` sources is selective.
function isAnySelective(count: number): Sql {
  return anyOf(Array.from({ length: count }, (_, index) => isSelective(index)));
}

// Tables with the candidates of a source, up to the limit, and with the result of counting them. A table of its own makes
// sure that they are counted once. After the first selective source, the others are not read.
function countedTables({ candidates, isFew }: AgentSource, index: number): Sql[] {
  const count = countTable(index);
  const isFound = isAnySelective(index);
  if (isFew !== undefined) {
    const isFirst = index === 0 ? isFew : sql`NOT ${isFound} AND ${isFew}`;
    return [sql`${count} AS MATERIALIZED (SELECT ${isFirst} AS is_selective)`];
  }
  const table = candidateTable(index);
  const limit = sql`${selectiveLimit} + 1`;
  const end = index === 0 ? limit : sql`CASE WHEN ${isFound} THEN 0 ELSE ${limit} END`;
  return [
    sql`${table} AS MATERIALIZED (${candidates} LIMIT ${end})`,
    sql`${count} AS MATERIALIZED (SELECT count(*) <= ${selectiveLimit} AS is_selective FROM ${table})`,
  ];
}

function selectiveCandidates(sources: readonly AgentSource[]): Sql {
  const arms = sources.map(({ candidates, hasDuplicates, isFew }, index) => {
    const ids = hasDuplicates ? sql`DISTINCT candidate.id` : sql`candidate.id`;
    const table = isFew === undefined ? candidateTable(index) : sql`(${candidates})`;
    return sql`SELECT ${ids} FROM ${table} AS candidate WHERE ${isSelective(index)}`;
  });
  // A single arm need not be copied.
  const copy = raw(arms.length > 1 ? 'MATERIALIZED' : 'NOT MATERIALIZED');
  return sql`${selectiveTable} AS ${copy} (${join(arms, ' UNION ALL ')})`;
}
