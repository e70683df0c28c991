import { sql, type Sql } from './sql';

/**
 * Tests whether a row of `table` has `value` in `column`, which has to be the first column of an index.
 *
 * Looks up the value in this index whatever the statistics of the table are. When they are of a table that was empty, or
 * whose rows all had one value, PostgreSQL may read the whole table, or all entries of another index, for each value. It
 * cannot know that this range contains only one value, so every other plan has to sort, which is more expensive. Without
 * the offset it would ignore the order.
 *
 * @param condition - further condition on the row, which has the name `k`.
 */
export function hasValue(table: Sql, column: Sql, value: Sql, condition = sql`TRUE`): Sql {
  return sql`EXISTS (SELECT 1 FROM ${table} k WHERE ${condition} AND k.${column} >= ${value} AND k.${column} <= ${value}
    ORDER BY k.${column} LIMIT 1 OFFSET 0)`;
}
