import { Client, Pool, type ClientConfig, type CustomTypesConfig, type PoolClient } from 'pg';
import { isConnectionFault } from '../../errors/postgresql-failure';
import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import type { Row, Statement, StatementResult } from '../../sql/statement';
import { toNumberedParameters } from './numbered-parameters';

/** How much longer than the server the driver waits for the end of a statement that takes too long. */
const answerGraceMs = 1000;

/** What the package selects: whole numbers, truth values, and texts, which JSON is here, too. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't', // boolean
  20: Number, // bigint, which counts and never goes beyond 2^53
  23: Number, // integer
  701: Number, // double precision
};
const keepText = (text: string): unknown => text;
const types: CustomTypesConfig = { getTypeParser: (oid: number) => parsers[oid] ?? keepText };

/** A pool of connections to one server. */
export class PostgresqlConnections {
  readonly pool: Pool;
  readonly #config: ClientConfig;

  /** Connects to nothing yet. */
  constructor({ connectionString, schema }: PostgresqlLocation, settings: PoolSettings) {
    const { maxConnections, idleTimeoutMs, connectTimeoutMs, statementTimeoutMs } = settings;
    this.#config = {
      connectionString,
      application_name: 'ans-database',
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      ...(schema === undefined || schema === 'public' ? undefined : { options: searchPath(schema) }),
    };
    this.pool = new Pool({
      ...this.#config,
      max: maxConnections,
      idleTimeoutMillis: idleTimeoutMs,
      // What nobody closed must not keep the process alive, as on SQLite.
      allowExitOnIdle: true,
      ...(statementTimeoutMs === 0
        ? undefined
        : { statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + answerGraceMs }),
    });
    // A connection that is lost while nobody uses it is the pool's to replace; without a listener it would end the process.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Lends a connection to `work`. One that has failed is not used again. */
  async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      client.release(isConnectionFault(error));
      throw error;
    }
  }

  /** The rows of a statement that is none of the services'. */
  async query(sql: string): Promise<readonly Row[]> {
    const { rows } = await this.withClient((client) => runStatement(client, { sql, args: [] }));
    return rows;
  }

  /** A connection that is not the pool's, whose statements may take their time. Whoever asked for it ends it. */
  async connectAlone(): Promise<Client> {
    const client = new Client(this.#config);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

/** Runs one statement on a connection. */
export async function runStatement(client: PoolClient, { sql, args }: Statement): Promise<StatementResult> {
  const result = await client.query<Row[]>({
    text: toNumberedParameters(sql),
    // The driver only reads them.
    values: args as unknown[],
    rowMode: 'array',
    types,
  });
  return { rows: result.rows, changes: result.command === 'SELECT' ? 0 : (result.rowCount ?? 0) };
}

// An argument of the server's command line: a backslash keeps a space, or another one, from ending it.
function searchPath(schema: string): string {
  return `-c search_path=${`"${schema.replaceAll('"', '""')}"`.replace(/[\\ ]/g, '\\$&')}`;
}
