import { join, raw, sql, type Sql } from '../sql/sql';
import { toStatement, type Row, type SqlValue, type Statement } from '../sql/statement';
import type { Snapshot } from '../storage/snapshot';
import { shouldYield, yieldToEventLoop } from './event-loop';

/** Rows that are read in the order of a unique key. */
export interface Walk {
  /** Columns to read, those of the key first. */
  readonly columns: readonly Sql[];
  readonly from: Sql;
  /** SQL expressions of the columns that form the unique key of the rows. */
  readonly key: readonly string[];
  /** True when the query groups the rows by the key. */
  readonly isGrouped?: boolean;
}

/** Number of rows that are read at a time. It is small, because a row can contain long texts. */
const chunkSize = 100;

/**
 * Calls `visit` for all rows, in the order of their key. Reads few rows at a time to save memory. Yields to the event
 * loop when the work takes long.
 */
export async function walk(snapshot: Snapshot, walk: Walk, visit: (row: Row) => Promise<void> | void): Promise<void> {
  for await (const rows of chunksOf(snapshot, walk)) {
    for (const row of rows) {
      await visit(row);
      if (shouldYield()) await yieldToEventLoop();
    }
  }
}

async function* chunksOf(
  { query, scan }: Snapshot,
  { columns, from, key, isGrouped = false }: Walk,
): AsyncGenerator<readonly Row[]> {
  const place = join(key.map((column) => raw(column)));
  const group = isGrouped ? sql`GROUP BY ${place}` : sql``;
  const select = (isBeyond: Sql, limit: Sql): Statement =>
    toStatement(sql`SELECT ${join(columns)} FROM ${from} ${isBeyond} ${group} ORDER BY ${place} ${limit}`);
  if (scan !== undefined) {
    yield* scan(select(sql``, sql``), chunkSize);
    return;
  }
  for (let after: readonly SqlValue[] | undefined; ;) {
    const isBeyond = after === undefined ? sql`` : sql`WHERE (${place}) > (${join(after)})`;
    const rows = await query(select(isBeyond, sql`LIMIT ${raw(String(chunkSize))}`));
    yield rows;
    const last = rows.at(-1)?.slice(0, key.length);
    if (last === undefined || rows.length < chunkSize) return;
    // The cast is safe: every value of a key column can be bound as a parameter.
    after = last as SqlValue[];
  }
}
