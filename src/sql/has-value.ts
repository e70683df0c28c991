import { sql, type Sql } from './sql';

/**
 * Tests whether a row of `table` has `value` in `column`, which must be the first column of an index.
 *
 * Looks up the value in this index, whatever the statistics of the table are. The statistics may have been collected
 * when the table was empty, or when all rows had one value. Then, for a plain comparison, PostgreSQL might read the
 * whole table, or all entries of another index, for each value. The ORDER BY prevents this: PostgreSQL does not know
 * that the range contains a single value, so every other plan needs a sort, which is more expensive. Without the
 * OFFSET, PostgreSQL would ignore the ORDER BY.
 *
 * @param condition - further condition on the row, whose alias is `k`.
 */
export function hasValue(table: Sql, column: Sql, value: Sql, condition = sql`TRUE`): Sql {
  return sql`EXISTS (SELECT 1 FROM ${table} k WHERE ${condition} AND k.${column} >= ${value} AND k.${column} <= ${value}
    ORDER BY k.${column} LIMIT 1 OFFSET 0)`;
}
