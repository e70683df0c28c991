import type { Dialect } from '../../sql/dialect';
import { raw, sql, type Sql } from '../../sql/sql';

/**
 * Maximum number of matching agents whose rows PostgreSQL searches for one agent after the other. For more agents, its
 * planner chooses the plan of the join, which may read the whole table once.
 */
const maxLookups = 2000;

/** Composes the table with the number of matching agents. {@link ownedRows} needs it if `guessesJoinSizes` is true. */
export const matchingSize = sql`matching_size AS MATERIALIZED (SELECT count(*) AS agents FROM matching)`;

/** Rows of the agents in a table of endpoints, links or metadata. */
export interface OwnedRows {
  readonly table: string;
  readonly alias: string;
  /** Column that the query needs, besides `agent_id`. */
  readonly column: string;
  /** Key of the metadata entries. Undefined for all other tables. */
  readonly key?: Sql;
}

/** Composes the tables and the first conditions of a query that reads the rows of all agents. */
export function allRows({ table, alias, key }: OwnedRows): Sql {
  return sql`${raw(table)} ${raw(alias)} WHERE ${isKey(alias, key)}`;
}

/**
 * Composes the tables and the first conditions of a query that reads the rows of the matching agents.
 *
 * The planner of PostgreSQL does not know how many agents match, and would read the whole table even for a few agents.
 * So the query has two branches there. The server runs only one of them.
 */
export function ownedRows(dialect: Dialect, { table, alias, column, key }: OwnedRows): Sql {
  const [rows, name] = [raw(table), raw(alias)];
  if (!dialect.guessesJoinSizes) {
    return sql`matching m CROSS JOIN ${rows} ${name} WHERE ${name}.agent_id = m.id AND ${isKey(alias, key)}`;
  }
  const select = sql`SELECT r.agent_id, r.${raw(column)} FROM matching m`;
  const isSmall = sql`(SELECT agents FROM matching_size) <= ${raw(String(maxLookups))}`;
  return sql`(${select} CROSS JOIN LATERAL (SELECT * FROM ${rows} o WHERE o.agent_id = m.id AND ${isKey('o', key)} OFFSET 0) AS r
      WHERE ${isSmall}
    UNION ALL ${select} JOIN ${rows} r ON r.agent_id = m.id WHERE ${isKey('r', key)} AND NOT ${isSmall}) AS ${name}
    WHERE TRUE`;
}

function isKey(alias: string, key: Sql | undefined): Sql {
  return key === undefined ? sql`TRUE` : sql`${raw(alias)}.key = ${key}`;
}
