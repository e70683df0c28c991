import { isOwnPostgresqlCheck, isOwnPostgresqlKey } from '../../src/engines/postgresql/errors/own-constraints';
import { classifySqliteError } from '../../src/engines/sqlite/errors/classify';
import { isOwnSqliteCheck, isOwnSqliteKey, isOwnTable } from '../../src/engines/sqlite/errors/own-constraints';
import { isOwnRequiredColumn } from '../../src/errors/own-constraints';
import { onPostgresql } from '../support/engine';
import { runRaw } from '../support/raw-client';
import { openSqlite } from '../support/raw-writer';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';

/** Tables to which no call writes. */
const strangers = /^(?:_prisma_migrations|sqlite_|agent_names_search)/;

interface Constraints {
  /** Unique keys: their names on PostgreSQL, and their columns on SQLite. */
  readonly keys: readonly string[];
  readonly requiredColumns: readonly string[];
  readonly checks: readonly string[];
}

async function constraintsOf(url: string): Promise<Constraints> {
  return onPostgresql ? constraintsOnPostgresql(url) : constraintsOnSqlite(url);
}

async function constraintsOnPostgresql(url: string): Promise<Constraints> {
  const [keys, columns, checks] = await runRaw(
    url,
    `SELECT x.indrelid::regclass::text AS "table", x.indexrelid::regclass::text AS name FROM pg_index x
      JOIN pg_class c ON c.oid = x.indrelid WHERE x.indisunique AND c.relnamespace = current_schema()::regnamespace;
    SELECT table_name AS "table", column_name AS name FROM information_schema.columns
      WHERE table_schema = current_schema() AND is_nullable = 'NO';
    SELECT conrelid::regclass::text AS "table", conname AS name FROM pg_constraint
      WHERE contype = 'c' AND connamespace = current_schema()::regnamespace`,
  );
  const own = (rows: typeof keys = []) =>
    rows.map(({ table, name }) => [String(table), String(name)] as const).filter(([table]) => !strangers.test(table));
  return {
    keys: own(keys).map(([, name]) => name),
    requiredColumns: own(columns).map((path) => path.join('.')),
    checks: own(checks).map(([, name]) => name),
  };
}

function constraintsOnSqlite(url: string): Constraints {
  const driver = openSqlite(url);
  const select = (sql: string): string[] => driver.prepare<[], string>(sql).pluck().all();
  const from = `sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'`;
  const primaryKeys = select(`SELECT group_concat(t.name || '.' || c.name, ', ' ORDER BY c.pk) FROM ${from} AND c.pk > 0
    GROUP BY t.name`);
  const uniqueIndexes = select(`SELECT group_concat(t.name || '.' || c.name, ', ' ORDER BY c.seqno)
    FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
    WHERE t.type = 'table' AND i."unique" = 1 AND i.origin <> 'pk' GROUP BY t.name, i.name`);
  const requiredColumns = select(`SELECT t.name || '.' || c.name FROM ${from} AND c."notnull" = 1`);
  const definitions = select(
    `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'agent_names_search%'`,
  );
  driver.close();
  const checks = definitions.flatMap((sql) =>
    [...sql.matchAll(/(?:CONSTRAINT\s+"?(\w+)"?\s+)?CHECK\s*\(/gi)].map(([, name]) => name ?? 'without a name'),
  );
  const own = (names: string[]): string[] => names.filter((name) => !strangers.test(name));
  return { keys: own([...primaryKeys, ...uniqueIndexes]), requiredColumns: own(requiredColumns), checks };
}

test('the package recognises every constraint that its migrations create as its own constraint', async () => {
  const url = await newDatabaseUrl();
  await openTestDatabase({ url });
  const { keys, requiredColumns, checks } = await constraintsOf(url);
  const unknownColumns = requiredColumns.filter((path) => {
    const [table = '', column = ''] = path.split('.');
    return !isOwnTable(table) || !isOwnRequiredColumn(table, column);
  });
  expect(keys.length).toBeGreaterThan(14);
  expect(requiredColumns.length).toBeGreaterThan(60);
  const isOwnKey = onPostgresql ? isOwnPostgresqlKey : isOwnSqliteKey;
  expect(keys.filter((key) => !isOwnKey(key))).toEqual([]);
  expect(unknownColumns).toEqual([]);
  const isOwnCheck = onPostgresql ? isOwnPostgresqlCheck : isOwnSqliteCheck;
  expect(checks.filter((name) => !isOwnCheck(name))).toEqual([]);
});

test.each([
  ['SQLITE_CONSTRAINT_CHECK', 'CHECK constraint failed: agents_status_check', 'INTERNAL'],
  ['SQLITE_CONSTRAINT_CHECK', 'CHECK constraint failed: agents_region_check', 'CONSTRAINT_VIOLATION'],
  ['SQLITE_CONSTRAINT_NOTNULL', 'NOT NULL constraint failed: agents.owner', 'INTERNAL'],
  ['SQLITE_CONSTRAINT_NOTNULL', 'NOT NULL constraint failed: agents.region', 'CONSTRAINT_VIOLATION'],
  ['SQLITE_ERROR', 'no such table: main.agents', 'SCHEMA_OUTDATED'],
])('the code is CONSTRAINT_VIOLATION only for a constraint of the application: %s, %s', (code, message, expected) => {
  expect(classifySqliteError(Object.assign(new Error(message), { code })).code).toBe(expected);
});
