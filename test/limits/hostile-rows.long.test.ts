import { inspect } from 'node:util';
import { DatabaseError, type DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { eventInput } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { callMethod, fillForCalls, makeCall, publicCalls } from '../support/public-calls';
import { runRaw } from '../support/raw-client';
import { rawRows } from '../support/raw-reader';
import { dropChecks, openSqlite } from '../support/raw-writer';
import type { Table } from '../support/tables';
import { afterTest, openTestDatabase, type TestDatabase } from '../support/test-database';
import { marker } from './hostile-values';

/** Condition for the damaged row of each table. */
const damagedRows = {
  agents: "id = 'a'",
  endpoints: "agent_id = 'a'",
  capabilities: "name = 'read'",
  agent_metadata: "agent_id = 'a'",
  certificates: "id = 'c'",
  certificate_metadata: "certificate_id = 'c'",
  security_events: "id = 'm'",
  security_event_metadata: "event_id = 'm'",
  security_event_entries: "sequence = (SELECT min(sequence) FROM security_event_entries WHERE event_id = 'm')",
  changes: 'sequence = (SELECT min(sequence) FROM changes)',
} as const satisfies Partial<Record<Table, string>>;

const tables = Object.keys(damagedRows) as (keyof typeof damagedRows)[];

/** Every call that reads, and every query without a filter. */
const reads: readonly (readonly [name: string, read: (db: DatabaseService) => unknown])[] = [
  ...publicCalls
    .filter(({ writes }) => !writes)
    .map((call) => [call.name, (db: DatabaseService) => makeCall(db, call)] as const),
  ...['agents', 'certificates', 'events'].flatMap((noun) =>
    (noun === 'certificates' ? ['query'] : ['query', 'page', 'iterate', 'count']).map((method) => {
      const name = `${noun}.${method}`;
      return [`${name} without a filter`, (db: DatabaseService) => callMethod(db, name, [{}])] as const;
    }),
  ),
  ['agents.page of one', (db) => readPages((after) => db.agents.page({ orderBy: 'expiresAt' }, { after, size: 1 }))],
  ['events.page of one', (db) => readPages((after) => db.events.page({}, { after, size: 1 }))],
  ['certificates.query by time', (db) => db.certificates.query({ orderBy: 'notAfter' })],
];

async function readPages(read: (after?: string) => Promise<{ readonly nextCursor?: string }>): Promise<void> {
  let after: string | undefined;
  for (let count = 0; count <= 10; count += 1) {
    ({ nextCursor: after } = await read(after));
    if (after === undefined) return;
  }
  throw new Error('the pages have no end');
}

/** Reads everything in every way and returns the codes of the errors. */
async function readAll(db: DatabaseService): Promise<string[]> {
  const codes: string[] = [];
  for (const [name, read] of reads) {
    await Promise.resolve(read(db)).catch((error: unknown) => {
      if (!(error instanceof DatabaseError)) throw new Error(`${name}: ${inspect(error)}`);
      expect(`${String(error)} ${inspect(error)} ${JSON.stringify(error)}`).not.toContain(marker);
      codes.push(`${name}: ${error.code}`);
    });
  }
  return codes;
}

type Write = (...sql: readonly string[]) => Promise<void>;

/** Returns a function that writes as another program would: without foreign keys and CHECK constraints. */
function writerOf({ options: { url } }: TestDatabase): Write {
  if (onPostgresql) {
    spoilDatabase(url);
    return async (...sql) => {
      await runRaw(url, ['SET session_replication_role = replica', ...sql].join(';'));
    };
  }
  const driver = openSqlite(url);
  afterTest(() => {
    driver.close();
  });
  driver.unsafeMode();
  driver.pragma('foreign_keys = OFF');
  driver.pragma('ignore_check_constraints = ON');
  return async (...sql) => {
    for (const statement of sql) await Promise.resolve(driver.exec(statement));
  };
}

/** Reports whether a column belongs to the key by which the damaged row and its search index are found. */
function isKey(table: string, column: string): boolean {
  if (column === 'id') return table !== 'endpoints';
  if (column === 'event_id') return table === 'security_event_metadata';
  return /^(sequence|agent_id|certificate_id)$/.test(column);
}

/** Returns the SQL that drops constraints, so that every column except the keys can hold any value. */
function dropConstraints(columns: readonly (readonly [table: string, column: string])[]): string[] {
  if (onPostgresql) {
    const nullable = columns
      .filter(([, column]) => !/^(id|key|sequence|.*_id)$/.test(column))
      .map(([table, column]) => `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`);
    return [dropChecks, ...nullable];
  }
  return [
    'PRAGMA writable_schema = ON',
    `UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name IN ('${tables.join("','")}')`,
    'PRAGMA writable_schema = RESET',
  ];
}

const values: readonly (readonly [what: string, sql: string])[] = [
  ['NULL', 'NULL'],
  ['a text', `'${marker}'`],
  ['an empty text', "''"],
  ['invalid JSON', `'{"${marker}'`],
  ['JSON of another type', `'[[1,"${marker}"]]'`],
  ['deep JSON', `'${'['.repeat(100_000)}${']'.repeat(100_000)}'`],
  ['a number', '4711'],
  ...(onPostgresql
    ? ([
        ['an infinite time', "'infinity'"],
        ['a negative infinite time', "'-infinity'"],
        ['a late time', "'294276-12-31'"],
        ['an early time', "'4000-01-01 BC'"],
      ] as const)
    : ([
        ['a blob', "x'00FF'"],
        ['invalid UTF-8', "CAST(x'22FFFE' AS TEXT)"],
        ['a text with NUL', `'a' || char(0) || '${marker}'`],
        ['a large number', '9223372036854775807'],
        ['a fraction', '0.5'],
        ['an infinity', '9e999'],
        ['a text that begins with a number', "'4711x'"],
      ] as const)),
];

// PostgreSQL cannot put an infinite time into a bucket: events.aggregate then fails with INVALID_INPUT.
const allowed = /: CORRUPT$|^events\.aggregate: INVALID_INPUT$/;

test.each(values)('every read returns a result or fails with CORRUPT while a column contains %s', async (_, value) => {
  const database = await openTestDatabase({ retry: false, maxResults: 100 });
  await fillForCalls(database.db);
  await database.db.recordSecurityEvent(eventInput({ id: 'm', metadata: { k: [1] } }));
  await database.db.events.markMitigated('m', { applied: true, details: 'x' });
  const columns: (readonly [table: (typeof tables)[number], column: string])[] = [];
  for (const table of tables) {
    const [row = {}] = await rawRows(database, table);
    const names = Object.keys(row).filter((column) => !isKey(table, column));
    columns.push(...names.map((column) => [table, column] as const));
  }
  const write = writerOf(database);
  await write(...dropConstraints(columns));
  for (const table of tables) await write(`CREATE TABLE saved_${table} AS SELECT * FROM ${table}`);
  expect(await readAll(database.db)).toEqual([]);
  let damages = 0;
  for (const [table, column] of columns) {
    // Some columns cannot hold this value, or cannot hold it in two rows.
    const damage = write(`UPDATE ${table} SET ${column} = ${value} WHERE ${damagedRows[table]}`);
    if (!(await damage.then(() => true, () => false))) continue; // prettier-ignore
    damages += 1;
    const codes = await readAll(database.db);
    expect([table, column, codes.filter((code) => !allowed.test(code))]).toEqual([table, column, []]);
    if (codes.length > 0) expect([table, column, await database.db.check()]).toMatchObject([{}, {}, { ok: false }]);
    await write(`DELETE FROM ${table}`, `INSERT INTO ${table} SELECT * FROM saved_${table}`);
  }
  expect(damages).toBeGreaterThan(0);
  expect(await readAll(database.db)).toEqual([]);
});
