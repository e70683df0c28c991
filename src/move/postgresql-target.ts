import type { Client } from 'pg';
import { PostgresqlConnections } from '../engines/postgresql/connections';
import type { PostgresqlLocation } from '../options/database-url';
import { resolveOptions } from '../options/resolve-options';
import { MoveError } from './move-error';
import type { BatchLimits } from './batches';
import { readTables } from './postgresql-catalogue';
import { asRowError, describeRowError, toCommitError, type ServerError } from './postgresql-error';
import { readPostgresqlBatches, withoutTimeLimits } from './postgresql-rows';
import type { Target } from './table-store';
import { quote, toRowError, type Column, type Row, type Table, type Value } from './table';

/** Maximum time in milliseconds to wait for the locks of the target's tables. */
const lockTimeoutMs = 5000;

const beginSql = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  ${withoutTimeLimits};
  SET LOCAL lock_timeout = ${lockTimeoutMs}`;

/** PostgreSQL database that a move or an import fills in one transaction. */
export class PostgresqlTarget implements Target {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Connects to the PostgreSQL database without changing it. */
  static async connect(location: PostgresqlLocation): Promise<PostgresqlTarget> {
    const { pool } = resolveOptions({ url: location.connectionString });
    return new PostgresqlTarget(await new PostgresqlConnections(location, pool).connectAlone());
  }

  tables(names: readonly string[]): Promise<Table[]> {
    return readTables(this.#client, names);
  }

  async requireEmpty(tables: readonly Table[]): Promise<void> {
    const filled: string[] = [];
    for (const { name } of tables) {
      const { rows } = await this.#client.query(`SELECT 1 FROM ${quote(name)} LIMIT 1`);
      if (rows.length > 0) filled.push(name);
    }
    if (filled.length === 0) return;
    throw new MoveError(
      `the PostgreSQL database is not empty: it has rows in ${filled.join(', ')}; nothing was written`,
    );
  }

  async begin(): Promise<void> {
    await this.#client.query(beginSql);
  }

  /** Blocks other writers of the tables until the transaction ends, but not readers. */
  async lock(tables: readonly Table[]): Promise<void> {
    const names = tables.map(({ name }) => quote(name)).join(', ');
    await this.#client.query(`LOCK TABLE ${names} IN SHARE ROW EXCLUSIVE MODE`);
  }

  /**
   * Sets a savepoint, to which the search for a rejected row rolls back. Call it before the rows of a table are
   * inserted, and again before they are updated. A savepoint for each batch would be too much: thousands of savepoints
   * slow down the whole server.
   */
  async beginTable(): Promise<void> {
    await this.#client.query('SAVEPOINT table_work');
  }

  async insert(table: Table, rows: readonly Row[]): Promise<void> {
    const columns = table.columns.map(({ name }) => quote(name)).join(', ');
    await this.#write(`INSERT INTO ${quote(table.name)} (${columns}) SELECT ${columns} FROM ${recordsOf(table)}`, {
      table,
      rows,
    });
  }

  async update(table: Table, rows: readonly Row[]): Promise<void> {
    const settings = table.columns
      .filter(({ name }) => !table.key.includes(name))
      .map(({ name }) => `${quote(name)} = record.${quote(name)}`);
    const condition = table.key.map((name) => `target.${quote(name)} = record.${quote(name)}`);
    const sql = `UPDATE ${quote(table.name)} AS target SET ${settings.join(', ')}
      FROM ${recordsOf(table)} AS record WHERE ${condition.join(' AND ')}`;
    await this.#write(sql, { table, rows });
  }

  batches(table: Table, limits: BatchLimits): AsyncGenerator<Row[]> {
    return readPostgresqlBatches(this.#client, table, limits);
  }

  async continueSequence({ name, columns }: Table, last: number): Promise<void> {
    for (const column of columns.filter(({ isNumbered }) => isNumbered)) {
      const sql = 'SELECT setval(pg_get_serial_sequence($1, $2), greatest($3::bigint, 1), $3::bigint > 0)';
      await this.#client.query(sql, [quote(name), column.name, last]);
    }
  }

  async analyze(tables: readonly Table[]): Promise<void> {
    await this.#client.query(`ANALYZE ${tables.map(({ name }) => quote(name)).join(', ')}`);
  }

  async commit(): Promise<void> {
    await this.#client.query('COMMIT').catch((error: unknown) => {
      throw toCommitError(error);
    });
  }

  /** Closes the connection, which rolls back an open transaction. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }

  async #write(sql: string, { table, rows }: { readonly table: Table; readonly rows: readonly Row[] }): Promise<void> {
    try {
      await this.#client.query(sql, [toJson(table, rows)]);
    } catch (error) {
      const rowError = asRowError(error);
      if (rowError === undefined) throw error;
      throw await this.#findCause(rowError, (some) => this.#attempt(sql, table, some), { table, rows });
    }
  }

  /** Finds the row that causes an error, by repeatedly halving the rows. */
  async #findCause(
    error: ServerError,
    attempt: (rows: readonly Row[]) => Promise<ServerError | undefined>,
    { table, rows }: { readonly table: Table; readonly rows: readonly Row[] },
  ): Promise<MoveError> {
    await this.#client.query('ROLLBACK TO table_work');
    let suspects = rows;
    let found = await attempt(suspects);
    while (found !== undefined && suspects.length > 1) {
      const half = suspects.slice(0, suspects.length >> 1);
      found = await attempt(half);
      // The cause is usually in the second half if the first half succeeds. It may also be a conflict between both
      // halves, which the next attempt shows.
      suspects = found === undefined ? suspects.slice(half.length) : half;
      found ??= await attempt(suspects);
    }
    const [row = []] = suspects;
    if (found !== undefined) return toRowError(table, row, describeRowError(found));
    // No row fails alone, so two rows conflict with each other.
    return new MoveError(`${table.name}, a row: ${describeRowError(error)}; nothing was written`);
  }

  /** Writes rows and always rolls back. Returns the error of a rejected row; undefined when no row is rejected. */
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

/** Returns SQL that converts the rows in the parameter $1 to records with the column types of the table. */
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
