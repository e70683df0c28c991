import { sql, type Sql } from './sql';

/**
 * Tests whether a row of `table` has `value` in `column`, which has to be the first column of an index.
 *
 * Looks up the value in this index whatever the statistics of the table are. If these statistics were collected while
 * the table was empty, or while all of its rows had one value, a plain comparison may make PostgreSQL read the whole
 * table, or all entries of another index, for each value. The ORDER BY prevents that: PostgreSQL does not know that the
 * range contains a single value, so every other plan needs a sort, which is more expensive. Without the OFFSET,
 * PostgreSQL would ignore the ORDER BY.
 *
 * @param condition - further condition on the row, whose alias is `k`.
 */
export function hasValue(table: Sql, column: Sql, value: Sql, condition = sql`TRUE`): Sql {
  return sql`EXISTS (SELECT 1 FROM ${table} k WHERE ${condition} AND k.${column} >= ${value} AND k.${column} <= ${value}
    ORDER BY k.${column} LIMIT 1 OFFSET 0)`;
}
