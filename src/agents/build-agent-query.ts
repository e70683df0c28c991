import type { Dialect } from '../sql/dialect';
import { perEngine } from '../sql/per-engine';
import { join, raw, sql, type Sql } from '../sql/sql';
import { allOf, toStatement, windowOf, type Statement } from '../sql/statement';
import { agentColumns } from './agent-columns';
import { agentConditions } from './agent-conditions';
import type { AgentPlace } from './agent-cursors';
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

/**
 * The resolution query: one statement, whatever is asked for. It finds the ids of the page first, and only then the
 * whole agents, so that nothing is put together that is not returned.
 */
export function buildAgentQuery(dialect: Dialect, selection: AgentSelection): Statement {
  const { filter, order, after, limit, offset, nowMs } = selection;
  const { definitions, from, conditions } = agentConditions(dialect, filter, nowMs);
  const place = after === undefined ? [] : [isAfter(dialect, order, after)];
  const orderBy = orderTerms(order);
  const page = sql`page AS MATERIALIZED (SELECT a.id FROM ${from}
    WHERE ${allOf([...conditions, ...place])} ORDER BY ${orderBy} ${windowOf(limit, offset)})`;
  return toStatement(sql`WITH ${join([...definitions, page])}
    SELECT ${columnsOf(dialect)} FROM page CROSS JOIN agents a WHERE a.id = page.id ORDER BY ${orderBy}`);
}

/** How many agents match. */
export function buildAgentCount(dialect: Dialect, filter: AgentFilter, nowMs: number): Statement {
  const { definitions, from, conditions } = agentConditions(dialect, filter, nowMs);
  const withDefinitions = definitions.length === 0 ? sql`` : sql`WITH ${join(definitions)} `;
  return toStatement(sql`${withDefinitions}SELECT count(*) FROM ${from} WHERE ${allOf(conditions)}`);
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
  const isLater = sql`${column} ${later} ${bound} OR (${column} = ${bound} AND a.id > ${id})`;
  return field === 'version' ? sql`(${isLater} OR ${column} IS NULL)` : sql`(${isLater})`;
}
