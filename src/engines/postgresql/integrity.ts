import type { Client } from 'pg';
import { convertRejection } from '../../runtime/convert-errors';
import type { Row, Statement } from '../../sql/statement';
import type { EngineCallbacks } from '../../storage/engine';
import { feedCounterMessages } from '../../storage/feed-counter-messages';
import type { FindingSink } from '../../storage/findings';
import { ownTables } from '../../storage/own-tables';
import type { Snapshot } from '../../storage/snapshot';
import { runStatement, type PostgresqlConnections } from './connections';
import { postgresqlDialect } from './dialect';
import { classifyPostgresqlError, isConnectionFault } from './errors/classify';
import { inspectFeedCounter } from './feed-counter';

/** SQL condition that the row `t` of `pg_class` is a table of this package in the current schema. */
const isOurs = `t.relnamespace = to_regnamespace(quote_ident(current_schema())) AND t.relkind = 'r'
  AND t.relname IN (${[...ownTables].map((table) => `'${table}'`).join(', ')})`;

const brokenSchemaSql = `
  SELECT 'the foreign key ' || c.conname || ' is not validated' FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE ${isOurs} AND c.contype = 'f' AND NOT c.convalidated
  UNION ALL
  SELECT 'the index ' || i.relname || ' is not usable' FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid WHERE ${isOurs} AND NOT (x.indisvalid AND x.indisready)
  UNION ALL
  SELECT DISTINCT 'triggers of the table ' || t.relname || ' are disabled' FROM pg_trigger g
    JOIN pg_class t ON t.oid = g.tgrelid WHERE ${isOurs} AND g.tgenabled IN ('D', 'R')`;

/** Selects the functions of the extension amcheck that the role may call, each with its schema. */
const amcheckSql = `SELECT quote_ident(n.nspname), p.proname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  JOIN pg_proc p ON p.pronamespace = n.oid WHERE e.extname = 'amcheck'
  AND (p.proname = 'bt_index_check' AND p.pronargs = 2 OR p.proname = 'verify_heapam')
  AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')`;

const indexesSql = `SELECT x.indexrelid::text, i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_am m ON m.oid = i.relam JOIN pg_class t ON t.oid = x.indrelid
  WHERE ${isOurs} AND m.amname = 'btree' AND x.indisvalid ORDER BY i.relname`;

const tablesSql = `SELECT t.oid::text, t.relname FROM pg_class t WHERE ${isOurs} ORDER BY t.relname`;

/** Checks a whole PostgreSQL database, on a separate connection. */
export async function checkPostgresqlIntegrity(
  connections: PostgresqlConnections,
  findings: FindingSink,
  checkRecords: EngineCallbacks['checkRecords'],
): Promise<void> {
  const client = await connections.connectAlone();
  try {
    await checkPostgresqlPart('the system catalog', findings, async () => {
      for (const [message] of await query(client, brokenSchemaSql)) {
        findings.add({ check: 'schema', message: String(message) });
      }
    });
    await checkStorage(client, findings);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    // Makes the planner choose the index that `hasValue` names, even if the table was empty at its last ANALYZE. Such
    // statistics make the costs of two indexes differ by more than a sort costs. The setting removes this difference.
    await client.query('SET LOCAL cpu_operator_cost = 0');
    await checkSnapshot(client, findings, checkRecords);
  } finally {
    await client.end();
  }
}

/**
 * Checks a part of a PostgreSQL database, like {@link FindingSink.checkPart}. In addition, `check` may fail with errors
 * of the driver.
 */
function checkPostgresqlPart(part: string, findings: FindingSink, check: () => Promise<void>): Promise<void> {
  return findings.checkPart(part, () => convertRejection(classifyPostgresqlError, check));
}

async function checkSnapshot(
  client: Client,
  findings: FindingSink,
  checkRecords: EngineCallbacks['checkRecords'],
): Promise<void> {
  await client.query('SAVEPOINT part');
  const run = async (statement: Statement): Promise<readonly Row[]> => {
    try {
      return (await runStatement(client, statement)).rows;
    } catch (error) {
      // A failed statement aborts the transaction. Without the savepoint, the checks of the other parts would also
      // fail.
      if (!isConnectionFault(error)) await client.query('ROLLBACK TO part');
      throw classifyPostgresqlError(error);
    }
  };
  const snapshot: Snapshot = { dialect: postgresqlDialect, query: run, scan: cursorScan(run) };
  await checkRecords(snapshot, findings);
  await checkPostgresqlPart('the change feed', findings, async () => {
    const state = await inspectFeedCounter((sql) => snapshot.query({ sql, args: [] }));
    if (state === 'hidden') findings.skip('the sequence of the change feed: the role may not read it');
    else if (state !== 'sound') findings.add({ check: 'change-feed', message: feedCounterMessages[state] });
  });
}

/**
 * Returns a function that reads the rows of a statement in chunks, through a cursor. A separate statement for each
 * chunk could hash or sort a whole table each time, which takes quadratic time.
 */
function cursorScan(run: (statement: Statement) => Promise<readonly Row[]>): NonNullable<Snapshot['scan']> {
  let cursors = 0;
  return async function* (statement, size) {
    const cursor = `walk_${(cursors += 1)}`;
    await run({ sql: `DECLARE ${cursor} NO SCROLL CURSOR FOR ${statement.sql}`, args: statement.args });
    for (;;) {
      const rows = await run({ sql: `FETCH ${size} FROM ${cursor}`, args: [] });
      if (rows.length > 0) yield rows;
      if (rows.length < size) break;
    }
    await run({ sql: `CLOSE ${cursor}`, args: [] });
  };
}

async function checkStorage(client: Client, findings: FindingSink): Promise<void> {
  const functions = new Map((await query(client, amcheckSql)).map(([schema, name]) => [name, String(schema)]));
  const forIndexes = functions.get('bt_index_check');
  const forTables = functions.get('verify_heapam');
  if (forIndexes === undefined) findings.skip(notDone('indexes'));
  else {
    for (const [oid, name] of await query(client, indexesSql)) {
      const sql = `SELECT ${forIndexes}.bt_index_check(${String(oid)}::regclass, true)`;
      await checkStructure(client, sql, `the index ${String(name)}`, findings);
    }
  }
  if (forTables === undefined) findings.skip(notDone('tables'));
  else {
    for (const [oid, name] of await query(client, tablesSql)) {
      const sql = `SELECT 1 FROM ${forTables}.verify_heapam(${String(oid)}::regclass) LIMIT 1`;
      await checkStructure(client, sql, `the table ${String(name)}`, findings);
    }
  }
}

/** Runs a check function of the server. The function reports damage by a row of its result, or by an error. */
async function checkStructure(client: Client, sql: string, what: string, findings: FindingSink): Promise<void> {
  try {
    const rows = await query(client, sql);
    if (rows.length === 0 || !sql.includes('verify_heapam')) return;
  } catch (error) {
    if (classifyPostgresqlError(error).code !== 'CORRUPT') throw error;
  }
  findings.add({ check: 'storage', message: `${what} is damaged` });
}

function notDone(what: 'indexes' | 'tables'): string {
  return `the structure of ${what}: the extension amcheck is not installed, or the role may not use it`;
}

async function query(client: Client, sql: string): Promise<readonly Row[]> {
  return (await runStatement(client, { sql, args: [] })).rows;
}
