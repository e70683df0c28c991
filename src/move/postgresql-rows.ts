import type { Client, CustomTypesConfig } from 'pg';
import type { BatchLimits } from './batches';
import { quote, type Column, type Row, type Table, type Value } from './table';

/** Disables the parsers of node-postgres: each value is returned as text in the server's format. */
const types: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/**
 * SQL that disables the time limits of the database role in a transaction, because reading a whole database may take
 * longer.
 */
export const withoutTimeLimits = `SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** Reads the rows of a PostgreSQL table in the order of its primary key, inside a transaction. */
export async function* readPostgresqlBatches(client: Client, table: Table, limits: BatchLimits): AsyncGenerator<Row[]> {
  const select = table.columns.map(selected).join(', ');
  const order = table.key.map((name) => ordered(table, name)).join(', ');
  await client.query(`DECLARE moved NO SCROLL CURSOR FOR SELECT ${select} FROM ${quote(table.name)} ORDER BY ${order}`);
  const fetch = { text: `FETCH ${limits.rows} FROM moved`, rowMode: 'array' as const, types };
  for (;;) {
    const { rows } = await client.query<(string | null)[]>(fetch);
    if (rows.length === 0) break;
    yield rows.map((values) => table.columns.map((column, index) => fromPostgresql(values[index], column)));
  }
  await client.query('CLOSE moved');
}

/**
 * Returns the SELECT expression of a column. Converts a time to milliseconds, which do not depend on the settings of
 * the session.
 */
function selected({ name, kind }: Column): string {
  return kind === 'time' ? `round(extract(epoch FROM ${quote(name)}) * 1000)::bigint` : quote(name);
}

function fromPostgresql(text: string | null | undefined, { kind }: Column): Value {
  if (text === null || text === undefined) return null;
  if (kind === 'text') return text;
  return kind === 'boolean' ? text === 't' : Number(text);
}

/** Returns the ORDER BY expression of a column. Texts and enum labels are ordered by code point, as on SQLite. */
function ordered({ columns }: Table, name: string): string {
  const column = columns.find((candidate) => candidate.name === name);
  if (column?.kind !== 'text') return quote(name);
  return `${quote(name)}${column.labels === undefined ? '' : '::text'} COLLATE "C"`;
}
