import type { AnswerBounds } from './answer-size';
import type { Dialect } from './dialect';
import { join, sql, Sql } from './sql';

/** Value of an SQL parameter, of a type that both engines accept. */
export type SqlValue = string | number | null;

/** SQL text with its parameters, ready to run. */
export interface Statement {
  readonly sql: string;
  readonly args: readonly SqlValue[];
  /** Maximum size of the result; set when the result may be large. */
  readonly bounds?: AnswerBounds;
  /** Cost of the statement; absent when the statement is always quick. */
  readonly cost?: StatementCost;
}

/**
 * Cost of a statement. `scan`: the statement may read a large part of the agents or the certificates. `many`: it may
 * read many whole agents or certificates, because the caller has requested them, or reads all matching agents several
 * times. `scanEvents` and `manyEvents`: the same for security events.
 */
export type StatementCost = 'scan' | 'many' | 'scanEvents' | 'manyEvents';

/** Returns a copy of the statement with bounds for its result. */
export function withBounds(bounds: AnswerBounds, { sql, args, cost }: Statement): Statement {
  return cost === undefined ? { sql, args, bounds } : { sql, args, bounds, cost };
}

/** Returns a copy of the statement with a cost and without bounds. */
export function withCost(cost: StatementCost | undefined, { sql, args }: Statement): Statement {
  return cost === undefined ? { sql, args } : { sql, args, cost };
}

/** Maximum number of whole records that are read on the main thread. Reading so few records is quick. */
const fewRecords = 200;

/**
 * Returns the cost of reading at most `count` whole records; undefined when the read is quick.
 *
 * @param many - cost of reading more than a few of these records.
 */
export function costOfRecords(count: number, many: StatementCost = 'many'): StatementCost | undefined {
  return count > fewRecords ? many : undefined;
}

/** Row of a statement's result: the values of its columns, in their order. */
export type Row = readonly unknown[];

/** Result of a statement: the returned rows, and the number of changed rows. */
export interface StatementResult {
  readonly rows: readonly Row[];
  readonly changes: number;
}

/** Converts composed SQL to a statement. */
export function toStatement(composed: Sql): Statement {
  // The cast is safe: the code that composes SQL binds only values of type `SqlValue`. Prisma declares each value as
  // `unknown`.
  return { sql: composed.sql, args: composed.values as SqlValue[] };
}

/**
 * Defines a statement with named parameters. Its text is composed only once, so use it for statements that run often.
 *
 * @param compose - composes the SQL. `parameter('id')` returns the placeholder for the value of `id`.
 */
export function defineStatement<P extends Readonly<Record<string, SqlValue>>>(
  compose: (parameter: (name: keyof P & string) => Sql) => Sql,
): (parameters: P) => Statement {
  // Binds the name of each parameter in place of its value, so that `composed.values` lists the names in the order of
  // the placeholders.
  const composed = compose((name) => sql`${name}`);
  const text = composed.sql;
  const names = composed.values as (keyof P)[];
  return (parameters) => ({ sql: text, args: names.map((name) => parameters[name]) });
}

/** Composes a condition that is true when all conditions are true; TRUE for an empty list. */
export function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`TRUE` : join(conditions, ' AND ');
}

/** Composes a condition that is true when any of the conditions is true; FALSE for an empty list. */
export function anyOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`FALSE` : sql`(${join(conditions, ' OR ')})`;
}

/** Composes a test whether `value` is one of `list`, a JSON array of texts. */
export function inJsonArray(dialect: Dialect, value: Sql, list: Sql): Sql {
  return sql`${value} IN (${dialect.jsonArrayElements(list)})`;
}

/**
 * Composes LIMIT and OFFSET. The casts prevent SQLite from preparing the statement again whenever the bound values
 * change, which takes longer than many queries. They also tell PostgreSQL that the numbers can be large.
 */
export function limitOffset(limit: Sql, offset: Sql): Sql {
  return sql`LIMIT CAST(${limit} AS BIGINT) OFFSET CAST(${offset} AS BIGINT)`;
}

/** Composes the ORDER BY inside an aggregate; nothing when there is no order. */
export function aggregateOrder(order: Sql | undefined): Sql {
  return order === undefined ? sql`` : sql` ORDER BY ${order}`;
}
