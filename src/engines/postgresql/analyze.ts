import type { Row } from '../../sql/statement';
import { ownTables } from '../../storage/own-tables';

const tables = [...ownTables].map((table) => `'${table}'`).join(', ');

/**
 * Selects each table of this package, and whether the role may analyze the table. The role may do so as the owner of
 * the table or of the database. Since PostgreSQL 17, the privilege MAINTAIN is also enough. ANALYZE itself would skip
 * other tables with a warning.
 */
const selectTables = `SELECT c.relname, pg_has_role(c.relowner, 'USAGE')
    OR (SELECT pg_has_role(d.datdba, 'USAGE') FROM pg_database d WHERE d.datname = current_database())
    OR CASE WHEN current_setting('server_version_num')::integer >= 170000
      THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE FALSE END
  FROM unnest(ARRAY[${tables}]) AS name JOIN pg_class c ON c.oid = to_regclass(quote_ident(name)) ORDER BY c.relname`;

/**
 * Updates the statistics of the tables of this package. Skips a table that the role may not analyze, or that another
 * session is analyzing or altering at the moment.
 *
 * @returns false when the role may not analyze all tables.
 */
export async function analyzeTables(query: (sql: string) => Promise<readonly Row[]>): Promise<boolean> {
  let mayAnalyzeAll = true;
  for (const [table, mayAnalyze] of await query(selectTables)) {
    // Runs one statement for each table, so that no statement exceeds the time limit.
    if (mayAnalyze === true) await query(`ANALYZE (SKIP_LOCKED) ${String(table)}`);
    else mayAnalyzeAll = false;
  }
  return mayAnalyzeAll;
}
