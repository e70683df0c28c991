import { isBefore } from '../../query/order';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { allOf } from '../../sql/statement';
import { fallbackTable, selectiveTable, type CandidatePlan, type OrderedPlan } from './candidate-sources';
import { agentsOf, contextOf, keyColumn, scanContextOf, scanPage, selectPage, type Composition } from './composition';
import { keysetColumns, orderBy } from './order';
import type { AgentFilterSql } from './filter-term';

/**
 * Composes the table expressions of a page whose agents come from candidate sources. The first of these tables that
 * applies provides the page:
 *
 * - `selective_page` applies if a source is selective. It contains the matching agents of this source.
 * - `scanned_page` applies if it is full. It contains the matching agents among the first `maxScanned` agents in the
 *   requested order. If many agents match, this scan soon finds enough of them.
 * - `fallback_page` contains the matching agents of the best source.
 *
 * The statement reads no rows for the tables after the one that applies.
 *
 * @param isScanned - true when the query may scan agents in the requested order.
 */
export function candidatePage(composition: Composition, plan: CandidatePlan, isScanned: boolean): Sql[] {
  const { dialect, filter, limit } = composition;
  const { isSelective } = plan;
  const select = (candidates: Sql, matched: AgentFilterSql): Sql => {
    const conditions = matched.conditions(contextOf(composition, sql`${candidates}.id`));
    return selectPage(composition, keyColumn(composition), agentsOf(dialect, candidates), conditions);
  };
  const isFull = sql`(SELECT count(*) FROM scanned_page) = ${limit}`;
  const pages = ['selective_page', ...(isScanned ? ['scanned_page'] : []), 'fallback_page'];
  const isFound = isScanned ? sql`(${isSelective} OR ${isFull})` : isSelective;
  return [
    ...plan.tables,
    sql`selective_page AS MATERIALIZED (${select(selectiveTable, filter)})`,
    ...(isScanned ? scannedTables(composition, plan) : []),
    plan.fallback(sql`NOT ${isFound}`),
    sql`fallback_page AS MATERIALIZED (${select(fallbackTable, plan.residual)})`,
    // UNION removes duplicates: the agents of a scanned page that is not full are also the first agents of the fallback
    // page.
    sql`page AS MATERIALIZED (${join(
      pages.map((table) => sql`SELECT key FROM ${raw(table)}`),
      ' UNION ',
    )})`,
  ];
}

/**
 * Composes the table expressions of a page whose agents come from a selective source. Without a selective source, the
 * page comes from a scan of all agents in the requested order.
 */
export function orderedPage(composition: Composition, { tables, isSelective, isScan }: OrderedPlan): Sql[] {
  const { dialect, filter, limit, end } = composition;
  const key = keyColumn(composition);
  const { conditions, limitTo } = dialect.noRowsIf(isSelective);
  const ofSource = filter.conditions(contextOf(composition, sql`${selectiveTable}.id`));
  const context = isScan ? scanContextOf(composition) : contextOf(composition);
  const ofScan = [...conditions, ...filter.conditions(context)];
  return [
    ...tables,
    sql`selective_page AS MATERIALIZED (${selectPage(composition, key, agentsOf(dialect, selectiveTable), ofSource)})`,
    sql`scanned_page AS MATERIALIZED (${scanPage({ ...composition, limit: limitTo(limit), end: limitTo(end) }, ofScan)})`,
    sql`page AS MATERIALIZED (SELECT key FROM selective_page UNION ALL SELECT key FROM scanned_page)`,
  ];
}

// `scan_end` contains the first row after the `maxScanned` rows to scan. It is empty when a source is selective, or
// when at most `maxScanned` agents follow the keyset position. Comparisons with an empty `scan_end` are null, so no
// agent is scanned then.
function scannedTables(composition: Composition, { isSelective, maxScanned }: CandidatePlan): Sql[] {
  const { dialect, filter, order, after } = composition;
  const columns = keysetColumns(order.field);
  const isBeforeEnd = isBefore(columns, order.direction, {
    value: sql`(SELECT value FROM scan_end)`,
    id: sql`(SELECT id FROM scan_end)`,
  });
  const conditions = [isBeforeEnd, ...filter.conditions(scanContextOf(composition))];
  const unlessSelective = dialect.noRowsIf(isSelective);
  return [
    sql`scan_end AS MATERIALIZED (SELECT ${columns.value ?? columns.id} AS value, ${columns.id} AS id FROM agents a
      WHERE ${allOf([...unlessSelective.conditions, ...after])} ORDER BY ${orderBy(order)}
      LIMIT ${unlessSelective.limitTo(sql`1`)} OFFSET ${maxScanned})`,
    sql`scanned_page AS MATERIALIZED (${selectPage(composition, keyColumn(composition), sql`agents a`, conditions)})`,
  ];
}
