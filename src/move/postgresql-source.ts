import type { Client } from 'pg';
import { PostgresqlConnections } from '../engines/postgresql/connections';
import type { PostgresqlLocation } from '../options/database-url';
import { resolveOptions } from '../options/resolve-options';
import type { BatchLimits } from './batches';
import { readTables } from './postgresql-catalogue';
import { readPostgresqlBatches, withoutTimeLimits } from './postgresql-rows';
import { quote, type Row, type Table } from './table';

/** Snapshot of a PostgreSQL database, which later writes do not change. */
export class PostgresqlSource {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  static async connect(location: PostgresqlLocation): Promise<PostgresqlSource> {
    const { pool } = resolveOptions({ url: location.connectionString });
    const client = await new PostgresqlConnections(location, pool).connectAlone();
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${withoutTimeLimits}`);
    return new PostgresqlSource(client);
  }

  /** Returns the named tables that exist in the PostgreSQL database. */
  tables(names: readonly string[]): Promise<Table[]> {
    return readTables(this.#client, names);
  }

  async count({ name }: { readonly name: string }): Promise<number> {
    const { rows } = await this.#client.query<{ readonly count: string }>(`SELECT count(*) FROM ${quote(name)}`);
    return Number(rows[0]?.count);
  }

  /**
   * Returns the highest number that the sequence of a table has assigned, even to a row that was deleted. Returns 0
   * when the table has no sequence.
   */
  async lastNumber({ name, columns }: Table): Promise<number> {
    const column = columns.find(({ isNumbered }) => isNumbered)?.name;
    const found = await this.#client.query<{ readonly sequence: string }>(
      'SELECT pg_get_serial_sequence($1, $2) AS sequence',
      [quote(name), column],
    );
    // `pg_get_serial_sequence` returns a quoted name. The last value of a sequence that has assigned no number is 1.
    const { rows } = await this.#client.query<{ readonly last: string }>(
      `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM ${found.rows[0]?.sequence ?? ''}`,
    );
    return Number(rows[0]?.last);
  }

  batches(table: Table, limits: BatchLimits): AsyncGenerator<Row[]> {
    return readPostgresqlBatches(this.#client, table, limits);
  }

  /** Closes the connection, and so ends the transaction of the snapshot. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }
}
