import type { Dialect } from '../sql/dialect';
import { perEngine } from '../sql/per-engine';
import { join, raw, sql, type Sql } from '../sql/sql';
import { allOf, toStatement, windowOf, type Statement } from '../sql/statement';
import { agentColumns } from './agent-columns';
import { agentConditions } from './agent-conditions';
import type { AgentPlace } from './agent-cursors';
import { findLeads, type Leads } from './agent-leads';
import type { AgentFilter, AgentOrder } from './parse-resolution-query';
import type { AgentOrderField } from './types';

/** Which agents to select, in which order, and which part of that order. */
export interface AgentSelection {
  readonly filter: AgentFilter;
  readonly order: AgentOrder;
  /** Where to begin; undefined: at the beginning. */
  readonly after?: AgentPlace | undefined;
  readonly limit: number;
  readonly offset: number;
  /** What counts as expired, in milliseconds since 1970. */
  readonly nowMs: number;
}

// Its text is most of the statement's, and always the same.
const columnsOf = perEngine((dialect) => raw(agentColumns(dialect).sql));

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

/** How many agents are looked through in the order asked for before another way is taken, and the longest page for it. */
const longestLook = 3000;
const longestLookedForPage = 1001;

/**
 * The resolution query: one statement, whatever is asked for. It finds the ids of the page first, and only then the
 * whole agents, so that nothing is put together that is not returned.
 */
export function buildAgentQuery(dialect: Dialect, selection: AgentSelection): Statement {
  const { filter, order, nowMs } = selection;
  const { definitions, conditions } = agentConditions(dialect, filter, nowMs);
  const orderBy = orderTerms(order);
  const leads = findLeads(dialect, filter);
  const tables =
    leads === undefined
      ? [sql`page AS MATERIALIZED (${selectIds(dialect, selection, sql`agents a`, conditions)})`]
      : ledTables(dialect, selection, leads, conditions);
  return toStatement(sql`WITH ${join([...definitions, ...tables])}
    SELECT ${columnsOf(dialect)} FROM page CROSS JOIN agents a WHERE a.id = page.id ORDER BY ${orderBy}`);
}

/** How many agents match. */
export function buildAgentCount(dialect: Dialect, filter: AgentFilter, nowMs: number): Statement {
  const { definitions, conditions } = agentConditions(dialect, filter, nowMs);
  const leads = findLeads(dialect, filter);
  if (leads === undefined) {
    const withDefinitions = definitions.length === 0 ? sql`` : sql`WITH ${join(definitions)} `;
    return toStatement(sql`${withDefinitions}SELECT count(*) FROM agents a WHERE ${allOf(conditions)}`);
  }
  const tables = [...definitions, ...leads.definitions, leads.others(sql`NOT ${leads.areFew}`)];
  const countOf = (lead: Sql, asked: readonly Sql[]): Sql =>
    sql`(SELECT count(*) FROM ${from(lead)} WHERE ${allOf([isOf(lead), ...asked])})`;
  const left = agentConditions(dialect, leads.rest, nowMs).conditions;
  return toStatement(sql`WITH ${join(tables)} SELECT ${countOf(sql`few`, conditions)} + ${countOf(sql`others`, left)}`);
}

// Only one of three tables holds the page. `led`: where some way leads to few agents, those of them that match. Else
// `recent`: where many agents match, a page of them is soon found by going through all in the order asked for. Else `rest`:
// whatever the best of the long ways leads to. What is not needed is not looked for.
function ledTables(dialect: Dialect, selection: AgentSelection, leads: Leads, conditions: readonly Sql[]): Sql[] {
  const { areFew } = leads;
  const select = (lead: Sql, asked: readonly Sql[]): Sql =>
    selectIds(dialect, selection, from(lead), [isOf(lead), ...asked]);
  const left = agentConditions(dialect, leads.rest, selection.nowMs).conditions;
  const led = sql`led AS MATERIALIZED (${select(sql`few`, conditions)})`;
  const recent = recentTables(dialect, selection, areFew, conditions);
  const isPage = sql`(SELECT count(*) FROM recent) = ${selection.limit}`;
  const isLeft = recent.length === 0 ? sql`NOT ${areFew}` : sql`NOT (${areFew} OR ${isPage})`;
  const rest = [leads.others(isLeft), sql`rest AS MATERIALIZED (${select(sql`others`, left)})`];
  const page = [
    sql`SELECT id FROM led`,
    ...(recent.length === 0 ? [] : [sql`SELECT id FROM recent WHERE ${isPage}`]),
    sql`SELECT id FROM rest`,
  ];
  return [...leads.definitions, led, ...recent, ...rest, sql`page AS MATERIALIZED (${join(page, ' UNION ALL ')})`];
}

// No row where there are few agents to look at, or no more than would be looked through here: `edge` is null then, and no
// comparison with it is true.
function recentTables(dialect: Dialect, selection: AgentSelection, areFew: Sql, conditions: readonly Sql[]): Sql[] {
  const { order, limit, offset, after } = selection;
  if (!indexedOrders.has(order.field) || limit + offset > longestLookedForPage) return [];
  const place = after === undefined ? [] : [isAfter(dialect, order, after)];
  const last = (column: Sql): Sql => sql`CASE WHEN ${areFew} THEN NULL ELSE (SELECT ${column} FROM agents a
    WHERE ${allOf(place)} ORDER BY ${orderTerms(order)} LIMIT 1 OFFSET ${raw(String(longestLook))}) END`;
  return [
    sql`edge AS MATERIALIZED (SELECT ${last(orderColumns[order.field])} AS value, ${last(sql`a.id`)} AS id)`,
    sql`recent AS MATERIALIZED (${selectIds(dialect, selection, sql`agents a`, [isBeforeEdge(order), ...conditions])})`,
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

function selectIds(dialect: Dialect, selection: AgentSelection, tables: Sql, conditions: readonly Sql[]): Sql {
  const { order, after, limit, offset } = selection;
  const place = after === undefined ? [] : [isAfter(dialect, order, after)];
  return sql`SELECT a.id FROM ${tables} WHERE ${allOf([...conditions, ...place])}
    ORDER BY ${orderTerms(order)} ${windowOf(limit, offset)}`;
}

// A cross join keeps SQLite from turning the order of the loops round.
function from(lead: Sql): Sql {
  return sql`${lead} CROSS JOIN agents a`;
}

function isOf(lead: Sql): Sql {
  return sql`a.id = ${lead}.id`;
}

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

// What comes after a place in the order of `orderTerms`.
function isAfter(dialect: Dialect, { field, direction }: AgentOrder, { value, id }: AgentPlace): Sql {
  const later = raw(direction === 'asc' ? '>' : '<');
  if (field === 'id') return sql`a.id ${later} ${id}`;
  const column = orderColumns[field];
  // Versions that are no semantic ones come last, in both directions.
  if (value === null) return sql`(${column} IS NULL AND a.id > ${id})`;
  const bound = timeFields.has(field) ? dialect.fromMs(sql`${value}`) : sql`${value}`;
  // The first condition is for the index, which the second one alone is no range of.
  const isLater = sql`${column} ${later}= ${bound} AND (${column} ${later} ${bound} OR a.id > ${id})`;
  return field === 'version' ? sql`((${isLater}) OR ${column} IS NULL)` : sql`(${isLater})`;
}
