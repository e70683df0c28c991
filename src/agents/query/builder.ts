import { defineCachedStatement } from '../../sql/cached-statement';
import type { Dialect } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { costOfRecords, withCost, type Statement, type StatementCost } from '../../sql/statement';
import type { FilterKey } from '../../query/filter-terms';
import { agentColumns } from '../columns';
import { candidatePage, orderedPage } from './candidate-page';
import { planCandidates, planOrderedScan } from './candidate-sources';
import {
  composeSelection,
  contextOf,
  keyColumn,
  scanPage,
  selectPage,
  withTables,
  type AgentSelection,
  type Composition,
} from './composition';
import { agentFilterTerms, type AgentFilter } from './filter-fields';
import { composeMatching } from './matching';
import { orderBy, positionKeyOf, type AgentOrder, type PositionKey } from './order';
import type { AgentFilterSql } from './filter-term';

/** Cache key of a resolution query: everything that its SQL text depends on. */
interface AgentQueryKey {
  readonly filter: FilterKey;
  readonly order: AgentOrder;
  readonly position: PositionKey;
  /** True when the query may scan the agents in the requested order, because the page is short. */
  readonly isScanned: boolean;
}

/** Maximum sum of limit and offset of a page that is read in the order of an index. */
const longestScannedPage = 1001;

/**
 * Builds the statement that answers a resolution query. The statement first finds the row keys of the requested page,
 * and then reads the agents with these keys. So it does not read whole agents that are not returned.
 */
export function buildAgentQuery(dialect: Dialect, selection: AgentSelection): Statement {
  return withCost(costOf(selection), agentQueries(dialect)(selection));
}

/** Builds the statement that counts the agents that match a filter. */
export function buildAgentCount(dialect: Dialect, filter: AgentFilter, nowMs: number): Statement {
  return withCost('scan', agentCounts(dialect)({ filter, nowMs }));
}

/** Builds the statement that selects the ids of all agents that match a filter, in no particular order. */
export function buildAgentIds(dialect: Dialect, filter: AgentFilter, nowMs: number): Statement {
  return agentIds(dialect)({ filter, nowMs });
}

// Returns the cost of the statement. A short page is quick in three cases: the filter has ids; there is no filter; or
// the filter has only an owner, and the order is by `updatedAt`. Any other query may scan all agents.
function costOf({ filter, order, limit, offset }: AgentSelection): StatementCost | undefined {
  if (filter.ids !== undefined) return costOfRecords(filter.ids.length);
  if (limit + offset > longestScannedPage) return 'many';
  const [term, ...others] = Object.keys(filter);
  if (term === undefined) return undefined;
  const isByOwner = term === 'owner' && others.length === 0;
  return isByOwner && order.field === 'updatedAt' && order.direction === 'desc' ? undefined : 'scan';
}

const agentQueries = memoizeByDialect((dialect) =>
  defineCachedStatement<AgentSelection, AgentQueryKey>(
    ({ filter, order, after, limit, offset }) => ({
      filter: agentFilterTerms.cacheKeyOf(filter),
      order,
      position: positionKeyOf(after),
      isScanned: limit + offset <= longestScannedPage,
    }),
    ({ filter, order, position, isScanned }, bind) => {
      const filterSql = agentFilterTerms.toSql(filter, bind);
      return composeQuery(composeSelection(dialect, filterSql, order, position, bind), isScanned);
    },
  ),
);

// Composes the columns only once, because they are most of the text of a query, and are always the same.
const columnsOf = memoizeByDialect((dialect) => raw(agentColumns(dialect).sql));

function composeQuery(composition: Composition, isScanned: boolean): Sql {
  const { dialect, filter, order } = composition;
  const context = contextOf(composition);
  const tables = filter.tables(context);
  const select = (columns: Sql): Sql => selectPage(composition, columns, sql`agents a`, filter.conditions(context));
  const columns = columnsOf(dialect);
  // Reads the agents directly, without a search for their row keys, because a selective filter finds few agents.
  if (filter.isSelective) return sql`${withTables(tables)}${select(columns)}`;
  const page = pageTables(composition, isScanned) ?? [sql`page AS MATERIALIZED (${select(keyColumn(composition))})`];
  return sql`WITH ${join([...tables, ...page])}
    SELECT ${columns} FROM page ${dialect.lateralLookup(dialect.rowKey, 'agents', 'a', sql`page.key`)} ORDER BY ${orderBy(order)}`;
}

// Returns the table expressions of the page. Returns undefined when the page is read directly from the table `agents`.
function pageTables(composition: Composition, isScanned: boolean): Sql[] | undefined {
  const { filter, order } = composition;
  const context = contextOf(composition);
  const plan = planCandidates(filter, context);
  // For an order by version, sorts the candidates instead of scanning. Such a scan would read several ranges of the
  // index, so its end is not a single row.
  if (plan !== undefined) return candidatePage(composition, plan, isScanned && order.field !== 'version');
  if (!isScanned) return undefined;
  const scan = planOrderedScan(filter, context, order.field);
  if (scan !== undefined) return orderedPage(composition, scan);
  const isInOrder = filter.sources(context).every(({ source }) => source.orders?.includes(order.field) === true);
  // For an order by status, omits the condition on the status, because the scan reads only the requested statuses.
  const residual = order.field === 'status' ? filter.without('status') : filter;
  return isInOrder ? [sql`page AS MATERIALIZED (${scanPage(composition, residual.conditions(context))})`] : undefined;
}

const agentCounts = memoizeByDialect((dialect) =>
  defineCachedStatement<Pick<AgentSelection, 'filter' | 'nowMs'>, FilterKey>(
    ({ filter }) => agentFilterTerms.cacheKeyOf(filter),
    (key, bind) =>
      composeCount(
        dialect,
        agentFilterTerms.toSql(key, bind),
        bind(({ nowMs }) => nowMs),
      ),
  ),
);

const agentIds = memoizeByDialect((dialect) =>
  defineCachedStatement<Pick<AgentSelection, 'filter' | 'nowMs'>, FilterKey>(
    ({ filter }) => agentFilterTerms.cacheKeyOf(filter),
    (key, bind) => {
      const filter = agentFilterTerms.toSql(key, bind);
      const { tables, select } = composeMatching(
        dialect,
        filter,
        bind(({ nowMs }) => nowMs),
      );
      return sql`${withTables(tables)}${join(select(sql`a.id`), ' UNION ALL ')}`;
    },
  ),
);

function composeCount(dialect: Dialect, filter: AgentFilterSql, nowMs: Sql): Sql {
  const { tables, select } = composeMatching(dialect, filter, nowMs);
  const counts = select(sql`count(*)`).map((count) => sql`(${count})`);
  return sql`${withTables(tables)}SELECT ${join(counts, ' + ')}`;
}
