import { sql, type Sql } from './sql';

/**
 * Composes a test whether a row of `table` has `value` in `column`, which must be the first column of an index. The
 * engine searches the value in this index, even if the statistics of the table are outdated.
 *
 * Statistics may be from a time when the table was empty, or when all rows had one value. With a plain
 * `column = value`, PostgreSQL would then read the whole table for each value. The ORDER BY prevents this. PostgreSQL
 * does not know that the range contains only one value, so every plan without the index needs a sort, which costs more.
 * Without the OFFSET, PostgreSQL would ignore the ORDER BY.
 *
 * @param condition - further condition on the row, whose alias is `k`.
 */
export function hasValue(table: Sql, column: Sql, value: Sql, condition = sql`TRUE`): Sql {
  return sql`EXISTS (SELECT 1 FROM ${table} k WHERE ${condition} AND k.${column} >= ${value} AND k.${column} <= ${value}
    ORDER BY k.${column} LIMIT 1 OFFSET 0)`;
}
