import type { Dialect } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import {
  allOf,
  withCost,
  costOfRecords,
  defineCachedStatement,
  boundParameter,
  limitOffset,
  type Statement,
  type StatementCost,
} from '../../sql/statement';
import { agentColumns } from '../columns';
import { agentConditions, tablesOf } from './conditions';
import type { AgentPlace } from './cursor';
import { findLeads, type Leads } from './candidate-sources';
import { filterSlots, shapeOfFilter, type AgentSelection, type FilterSlots } from './slots';
import type { AgentFilter, AgentOrder } from './validation';
import type { AgentOrderField } from '../types';

// Its text is most of the statement's, and always the same.
const columnsOf = memoizeByDialect((dialect) => raw(agentColumns(dialect).sql));

/** Orders that an index serves: of these a part of the agents can be read without the others. */
const indexedOrders: ReadonlySet<AgentOrderField> = new Set([
  'id',
  'name',
  'owner',
  'status',
  'createdAt',
  'updatedAt',
  'expiresAt',
]);

/**
 * Maximum number of agents that are read in the requested order before another plan is used, and the longest page for
 * it.
 */
const longestLook = 3000;
const longestLookedForPage = 1001;

/** Composition of a statement for a selection, with bound parameters for all values. */
interface Composition {
  readonly dialect: Dialect;
  readonly filter: FilterSlots;
  readonly order: AgentOrder;
  /** Bound parameters of the keyset position. */
  readonly place: readonly Sql[];
  /** True when it is worthwhile to search for the page in the requested order. */
  readonly isLookedFor: boolean;
}

/**
 * The resolution query: one statement, whatever is asked for. It finds the rows of the page first, and only then the
 * whole agents, so that nothing is put together that is not returned.
 */
export function buildAgentQuery(dialect: Dialect, selection: AgentSelection): Statement {
  return withCost(costOf(selection), queries(dialect)(selection));
}

/** Longest page that is read directly in the order of an index. */
const longestQuickPage = 1001;

// A filter with a selective index, and a page in the order of an index, are quick. Any other query may scan all agents.
function costOf({ filter, order, limit, offset }: AgentSelection): StatementCost | undefined {
  if (filter.ids !== undefined) return costOfRecords(filter.ids.length);
  if (limit + offset > longestQuickPage) return 'many';
  const asked = Object.entries(filter).filter(([field, value]) => isAsked(field, value));
  if (asked.length === 0) return indexedOrders.has(order.field) ? undefined : 'scan';
  const isOwn = asked.length === 1 && asked[0]?.[0] === 'owner';
  return isOwn && order.field === 'updatedAt' && order.direction === 'desc' ? undefined : 'scan';
}

function isAsked(field: string, value: unknown): boolean {
  if (field === 'allCapabilities') return false;
  return field === 'includeExpired' ? value === false : value !== undefined;
}

const queries = memoizeByDialect((dialect) =>
  defineCachedStatement<AgentSelection>(
    (selection) => `${shapeOfFilter(selection)} ${shapeOfPage(selection)}`,
    (selection) => {
      const { order, after } = selection;
      const composition: Composition = {
        dialect,
        filter: filterSlots(selection),
        order,
        place: after === undefined ? [] : [isAfter(dialect, order, after)],
        isLookedFor: isLookedFor(selection),
      };
      return composeQuery(composition);
    },
  ),
);

// Every property that isAfter and the tables of the page depend on.
function shapeOfPage(selection: AgentSelection): string {
  const { order, after } = selection;
  const place = after === undefined ? '-' : after.value === null ? 'null' : '+';
  return `${order.field} ${order.direction} ${place} ${isLookedFor(selection)}`;
}

function isLookedFor({ order, limit, offset }: AgentSelection): boolean {
  return indexedOrders.has(order.field) && limit + offset <= longestLookedForPage;
}

function composeQuery(composition: Composition): Sql {
  const { dialect, filter, order } = composition;
  const definitions = tablesOf(dialect, filter);
  const columns = columnsOf(dialect);
  if (filter.ids !== undefined || filter.fingerprintKey !== undefined) {
    // There is no more to put together than that leads to.
    return sql`${withTables(definitions)}${selectPage(composition, columns, sql`agents a`, agentConditions(dialect, filter))}`;
  }
  const leads = findLeads(dialect, filter);
  const tables =
    leads === undefined
      ? [
          sql`page AS MATERIALIZED (${selectPage(composition, keyOf(dialect), sql`agents a`, agentConditions(dialect, filter))})`,
        ]
      : ledTables(composition, leads);
  return sql`WITH ${join([...definitions, ...tables])}
    SELECT ${columns} FROM page ${dialect.lateralLookup(dialect.rowKey, 'agents', 'a', sql`page.key`)} ORDER BY ${orderTerms(order)}`;
}

/** Counts the agents that match. */
export function buildAgentCount(dialect: Dialect, filter: AgentFilter, nowMs: number): Statement {
  return withCost('scan', counts(dialect)({ filter, nowMs }));
}

const counts = memoizeByDialect((dialect) =>
  defineCachedStatement<Pick<AgentSelection, 'filter' | 'nowMs'>>(shapeOfFilter, (selection) =>
    composeCount(dialect, filterSlots(selection)),
  ),
);

function composeCount(dialect: Dialect, filter: FilterSlots): Sql {
  const definitions = tablesOf(dialect, filter);
  const leads = findLeads(dialect, filter);
  if (leads === undefined) {
    return sql`${withTables(definitions)}SELECT count(*) FROM agents a WHERE ${allOf(agentConditions(dialect, filter))}`;
  }
  const tables = [...definitions, ...leads.definitions, leads.others(sql`NOT ${leads.areFew}`)];
  const countOf = (lead: Sql, asked: FilterSlots): Sql =>
    sql`(SELECT count(*) FROM ${from(dialect, lead)} WHERE ${allOf(agentConditions(dialect, asked, sql`${lead}.id`))})`;
  return sql`WITH ${join(tables)} SELECT ${countOf(sql`few`, filter)} + ${countOf(sql`others`, leads.rest)}`;
}

function withTables(definitions: readonly Sql[]): Sql {
  return definitions.length === 0 ? sql`` : sql`WITH ${join(definitions)} `;
}

// Only one of three tables contains the page. `led`: the matching agents of a selective source. Otherwise `recent`:
// when many agents match, a scan in the requested order soon finds a page. Otherwise `rest`: the agents of the best
// other source. The other tables are not evaluated.
function ledTables(composition: Composition, leads: Leads): Sql[] {
  const { dialect, filter } = composition;
  const { areFew } = leads;
  const select = (lead: Sql, asked: FilterSlots): Sql =>
    selectPage(composition, keyOf(dialect), from(dialect, lead), agentConditions(dialect, asked, sql`${lead}.id`));
  const led = sql`led AS MATERIALIZED (${select(sql`few`, filter)})`;
  const recent = recentTables(composition, areFew);
  const isPage = sql`(SELECT count(*) FROM recent) = ${limitSlot}`;
  const isLeft = recent.length === 0 ? sql`NOT ${areFew}` : sql`NOT (${areFew} OR ${isPage})`;
  const rest = [leads.others(isLeft), sql`rest AS MATERIALIZED (${select(sql`others`, leads.rest)})`];
  const page = [
    sql`SELECT key FROM led`,
    ...(recent.length === 0 ? [] : [sql`SELECT key FROM recent WHERE ${isPage}`]),
    sql`SELECT key FROM rest`,
  ];
  return [...leads.definitions, led, ...recent, ...rest, sql`page AS MATERIALIZED (${join(page, ' UNION ALL ')})`];
}

// No row when there are few candidates, or no more than this scan would read: `edge` is null then, and no comparison
// with it is true.
function recentTables(composition: Composition, areFew: Sql): Sql[] {
  const { dialect, filter, order, place, isLookedFor } = composition;
  if (!isLookedFor) return [];
  const conditions = [isBeforeEdge(order), ...agentConditions(dialect, filter)];
  const last = (column: Sql): Sql => sql`CASE WHEN ${areFew} THEN NULL ELSE (SELECT ${column} FROM agents a
    WHERE ${allOf(place)} ORDER BY ${orderTerms(order)} LIMIT 1 OFFSET ${raw(String(longestLook))}) END`;
  return [
    sql`edge AS MATERIALIZED (SELECT ${last(orderColumns[order.field])} AS value, ${last(sql`a.id`)} AS id)`,
    sql`recent AS MATERIALIZED (${selectPage(composition, keyOf(dialect), sql`agents a`, conditions)})`,
  ];
}

function isBeforeEdge({ field, direction }: AgentOrder): Sql {
  const earlier = raw(direction === 'asc' ? '<' : '>');
  const edgeId = sql`(SELECT id FROM edge)`;
  if (field === 'id') return sql`a.id ${earlier} ${edgeId}`;
  const column = orderColumns[field];
  const value = sql`(SELECT value FROM edge)`;
  // The first condition is for the index, which the second one alone is no range of.
  return sql`${column} ${earlier}= ${value} AND (${column} ${earlier} ${value} OR a.id < ${edgeId})`;
}

function selectPage({ order, place }: Composition, columns: Sql, tables: Sql, conditions: readonly Sql[]): Sql {
  return sql`SELECT ${columns} FROM ${tables} WHERE ${allOf([...conditions, ...place])}
    ORDER BY ${orderTerms(order)} ${limitOffset(limitSlot, offsetSlot)}`;
}

function keyOf(dialect: Dialect): Sql {
  return sql`a.${dialect.rowKey} AS key`;
}

function from(dialect: Dialect, lead: Sql): Sql {
  return sql`${lead} ${dialect.lateralLookup(sql`id`, 'agents', 'a', sql`${lead}.id`)}`;
}

const limitSlot = boundParameter(({ limit }: AgentSelection) => limit);
const offsetSlot = boundParameter(({ offset }: AgentSelection) => offset);

const orderColumns: Readonly<Record<AgentOrderField, Sql>> = {
  id: sql`a.id`,
  name: sql`a.name`,
  version: sql`a.version_key`,
  owner: sql`a.owner`,
  status: sql`a.status`,
  createdAt: sql`a.created_at`,
  updatedAt: sql`a.updated_at`,
  expiresAt: sql`a.expires_at`,
};

// The id makes the order total, so that pages neither overlap nor skip.
function orderTerms({ field, direction }: AgentOrder): Sql {
  const column = orderColumns[field];
  const directed = direction === 'asc' ? sql`${column} ASC` : sql`${column} DESC`;
  if (field === 'id') return directed;
  const first = field === 'version' ? sql`${directed} NULLS LAST` : directed;
  return sql`${first}, a.id ASC`;
}

const timeFields: ReadonlySet<AgentOrderField> = new Set(['createdAt', 'updatedAt', 'expiresAt']);

// Returns the condition for rows after a position in the order of `orderTerms`.
function isAfter(dialect: Dialect, { field, direction }: AgentOrder, after: AgentPlace): Sql {
  const later = raw(direction === 'asc' ? '>' : '<');
  const id = boundParameter((selection: AgentSelection) => selection.after?.id);
  if (field === 'id') return sql`a.id ${later} ${id}`;
  const column = orderColumns[field];
  // Versions that are no semantic ones come last, in both directions.
  if (after.value === null) return sql`(${column} IS NULL AND a.id > ${id})`;
  const value = boundParameter((selection: AgentSelection) => selection.after?.value);
  const bound = timeFields.has(field) ? dialect.fromMs(value) : value;
  // The first condition is for the index, which the second one alone is no range of.
  const isLater = sql`${column} ${later}= ${bound} AND (${column} ${later} ${bound} OR a.id > ${id})`;
  return field === 'version' ? sql`((${isLater}) OR ${column} IS NULL)` : sql`(${isLater})`;
}
