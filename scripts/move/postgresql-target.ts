import type { Client, CustomTypesConfig } from 'pg';
import { PostgresqlConnections } from '../../src/engines/postgresql/connections';
import type { PostgresqlLocation } from '../../src/options/database-url';
import { resolveOptions } from '../../src/options/resolve-options';
import { ScriptError } from '../console/run-script';
import type { BatchLimits } from './batches';
import { readTables } from './postgresql-catalogue';
import { asRowError, describeRowError, toCommitError, type ServerError } from './postgresql-error';
import { quote, refusedRow, type Column, type Row, type Table, type Value } from './table';

/** Values as the server writes them. */
const types: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/** Time in milliseconds to wait until nobody writes to the tables. */
const lockTimeoutMs = 5000;

// The role's limits are meant for a service's transactions, not for one that moves a whole database. Not every version
// knows all of them.
const beginSql = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');
  SET LOCAL lock_timeout = ${lockTimeoutMs}`;

/** A PostgreSQL database that is filled in one transaction. */
export class PostgresqlTarget {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Connects; changes nothing yet. */
  static async connect(location: PostgresqlLocation): Promise<PostgresqlTarget> {
    const { pool } = resolveOptions({ url: location.connectionString });
    return new PostgresqlTarget(await new PostgresqlConnections(location, pool).connectAlone());
  }

  /** Those of the tables that the database has. */
  tables(names: readonly string[]): Promise<Table[]> {
    return readTables(this.#client, names);
  }

  async refuseUnlessEmpty(tables: readonly Table[]): Promise<void> {
    const full: string[] = [];
    for (const { name } of tables) {
      const { rows } = await this.#client.query(`SELECT 1 FROM ${quote(name)} LIMIT 1`);
      if (rows.length > 0) full.push(name);
    }
    if (full.length === 0) return;
    throw new ScriptError(`the PostgreSQL database is not empty: it has rows in ${full.join(', ')}; nothing was moved`);
  }

  async begin(): Promise<void> {
    await this.#client.query(beginSql);
  }

  /** Keeps others from writing to the tables until the transaction ends; they can read. */
  async lock(tables: readonly Table[]): Promise<void> {
    const names = tables.map(({ name }) => quote(name)).join(', ');
    await this.#client.query(`LOCK TABLE ${names} IN SHARE ROW EXCLUSIVE MODE`);
  }

  /**
   * Has to be called before a table's rows are inserted, and again before they are updated: it is where a row that is
   * refused is looked for. One for each batch would be thousands in a transaction, which slows down the whole server.
   */
  async beginTable(): Promise<void> {
    await this.#client.query('SAVEPOINT table_work');
  }

  /** @throws ScriptError naming the row that the server refuses */
  async insert(table: Table, rows: readonly Row[]): Promise<void> {
    const columns = table.columns.map(({ name }) => quote(name)).join(', ');
    await this.#write(`INSERT INTO ${quote(table.name)} (${columns}) SELECT ${columns} FROM ${recordsOf(table)}`, {
      table,
      rows,
    });
  }

  /** Sets the columns that are no part of the key in rows that are there. @throws ScriptError as `insert` does */
  async update(table: Table, rows: readonly Row[]): Promise<void> {
    const settings = table.columns
      .filter(({ name }) => !table.key.includes(name))
      .map(({ name }) => `${quote(name)} = record.${quote(name)}`);
    const condition = table.key.map((name) => `target.${quote(name)} = record.${quote(name)}`);
    const sql = `UPDATE ${quote(table.name)} AS target SET ${settings.join(', ')}
      FROM ${recordsOf(table)} AS record WHERE ${condition.join(' AND ')}`;
    await this.#write(sql, { table, rows });
  }

  /** The rows of a table in the order of its key. */
  async *batches(table: Table, limits: BatchLimits): AsyncGenerator<Row[]> {
    const select = table.columns.map(selected).join(', ');
    const order = table.key.map((name) => ordered(table, name)).join(', ');
    await this.#client.query(
      `DECLARE moved NO SCROLL CURSOR FOR SELECT ${select} FROM ${quote(table.name)} ORDER BY ${order}`,
    );
    const fetch = { text: `FETCH ${limits.rows} FROM moved`, rowMode: 'array' as const, types };
    for (;;) {
      const { rows } = await this.#client.query<(string | null)[]>(fetch);
      if (rows.length === 0) break;
      yield rows.map((values) => table.columns.map((column, index) => fromPostgresql(values[index], column)));
    }
    await this.#client.query('CLOSE moved');
  }

  /** Lets the numbers of later rows continue after `last`, so that a reader with that position does not miss them. */
  async continueNumbers({ name, columns }: Table, last: number): Promise<void> {
    for (const column of columns.filter(({ isNumbered }) => isNumbered)) {
      const sql = 'SELECT setval(pg_get_serial_sequence($1, $2), greatest($3::bigint, 1), $3::bigint > 0)';
      await this.#client.query(sql, [quote(name), column.name, last]);
    }
  }

  /** Has the server learn what the tables hold, which plans depend on. */
  async analyze(tables: readonly Table[]): Promise<void> {
    await this.#client.query(`ANALYZE ${tables.map(({ name }) => quote(name)).join(', ')}`);
  }

  async commit(): Promise<void> {
    await this.#client.query('COMMIT').catch((error: unknown) => {
      throw toCommitError(error);
    });
  }

  /** Ends the connection; what was not committed is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }

  async #write(sql: string, { table, rows }: { readonly table: Table; readonly rows: readonly Row[] }): Promise<void> {
    try {
      await this.#client.query(sql, [toJson(table, rows)]);
    } catch (error) {
      const rowError = asRowError(error);
      if (rowError === undefined) throw error;
      throw await this.#blame(rowError, (some) => this.#attempt(sql, table, some), { table, rows });
    }
  }

  /** Finds the row that is to blame for an error: halves the rows until one is left. */
  async #blame(
    error: ServerError,
    attempt: (rows: readonly Row[]) => Promise<ServerError | undefined>,
    { table, rows }: { readonly table: Table; readonly rows: readonly Row[] },
  ): Promise<ScriptError> {
    await this.#client.query('ROLLBACK TO table_work');
    let suspects = rows;
    let found = await attempt(suspects);
    while (found !== undefined && suspects.length > 1) {
      const half = suspects.slice(0, suspects.length >> 1);
      found = await attempt(half);
      // When the first half succeeds, the fault is in the second half. The next attempt checks whether the second half
      // also fails by itself.
      suspects = found === undefined ? suspects.slice(half.length) : half;
      found ??= await attempt(suspects);
    }
    const [row = []] = suspects;
    if (found !== undefined) return refusedRow(table, row, describeRowError(found));
    // No row by itself: it was at odds with one of another batch.
    return new ScriptError(`${table.name}, a row: ${describeRowError(error)}; nothing was moved`);
  }

  /** Returns the fault of some of the rows; it never writes any of them. */
  async #attempt(sql: string, table: Table, rows: readonly Row[]): Promise<ServerError | undefined> {
    try {
      await this.#client.query(sql, [toJson(table, rows)]);
      return undefined;
    } catch (error) {
      const rowError = asRowError(error);
      if (rowError === undefined) throw error;
      return rowError;
    } finally {
      await this.#client.query('ROLLBACK TO table_work');
    }
  }
}

/** Rows out of the one parameter, each column of the type that it has in the table. */
function recordsOf({ name }: Table): string {
  return `jsonb_populate_recordset(NULL::${quote(name)}, $1::jsonb)`;
}

function toJson({ columns }: Table, rows: readonly Row[]): string {
  const toRecord = (row: Row): object =>
    Object.fromEntries(columns.map((column, index) => [column.name, toPostgresql(row[index] ?? null, column)]));
  return JSON.stringify(rows.map(toRecord));
}

function toPostgresql(value: Value, { kind }: Column): Value {
  return kind === 'time' && typeof value === 'number' ? new Date(value).toISOString() : value;
}

/** A time as its milliseconds, whatever the session's settings are. */
function selected({ name, kind }: Column): string {
  return kind === 'time' ? `round(extract(epoch FROM ${quote(name)}) * 1000)::bigint` : quote(name);
}

function fromPostgresql(text: string | null | undefined, { kind }: Column): Value {
  if (text === null || text === undefined) return null;
  if (kind === 'text') return text;
  return kind === 'boolean' ? text === 't' : Number(text);
}

/** A text in the order of its code points, whatever the collation of its column is; an enum in that of its texts. */
function ordered({ columns }: Table, name: string): string {
  const column = columns.find((candidate) => candidate.name === name);
  if (column?.kind !== 'text') return quote(name);
  return `${quote(name)}${column.labels === undefined ? '' : '::text'} COLLATE "C"`;
}
