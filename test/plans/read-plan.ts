import { postgresqlDialect } from '../../src/engines/postgresql/dialect';
import { toNumbered } from '../../src/engines/postgresql/numbered-parameters';
import { sqliteDialect } from '../../src/engines/sqlite/dialect';
import type { Statement } from '../../src/sql/statement';
import { onPostgresql } from '../support/engine';
import { connectRaw } from '../support/raw-client';
import { readSqlite, type LocatedDatabase } from '../support/raw-reader';
import { runCleanups, type Cleanup } from '../support/test-database';

/** Dialect of the engine of the tests. */
export const dialect = onPostgresql ? postgresqlDialect : sqliteDialect;

const ends: Cleanup[] = [];
let planner: ReturnType<typeof connectRaw> | undefined;
afterAll(() => runCleanups(ends));

/** Returns the plan of a statement, one line per step. All calls of a test file must be about the same database. */
export async function readPlan(
  { options: { url } }: LocatedDatabase,
  { sql, args }: Statement,
  withBitmaps = false,
): Promise<string[]> {
  if (!onPostgresql) {
    const explain = `EXPLAIN QUERY PLAN ${sql}`;
    return readSqlite(url, (driver) => driver.prepare<unknown[], { detail: string }>(explain).all(...args)).map(
      ({ detail }) => detail,
    );
  }
  planner ??= connectRaw(url, (end) => void ends.push(end));
  const client = await planner;
  // The planner prefers to scan and sort small tables. These settings allow that only when no index can be used.
  // A bitmap scan loses the order. An index of trigrams can only be read by a bitmap scan.
  const bitmaps = withBitmaps ? 'on' : 'off';
  await client.query(`SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = ${bitmaps}`);
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${toNumbered(sql)}`, [...args]);
  return rows.map((row) => row['QUERY PLAN'].trim());
}
