import { createSecureContext } from 'node:tls';
import {
  Client,
  type ClientBase,
  type ClientConfig,
  type CustomTypesConfig,
  type PoolClient,
  type QueryArrayResult,
} from 'pg';
import { Failure } from '../../errors/failure';
import { isConnectionFault } from './errors/classify';
import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { AnswerSize, type AnswerBounds } from '../../sql/answer-size';
import type { Row, Statement, StatementResult } from '../../sql/statement';
import { lacksOutcome, unexpectedEnd } from './guarded-connection';
import { toNumbered } from './numbered-parameters';
import { reasonOn, ManagedClient } from './managed-client';
import { ManagedPool } from './managed-pool';
import { parserOf } from './value-parsers';

/** Time in milliseconds that the driver waits for a response after the server's statement timeout has passed. */
const answerGraceMs = 1000;

/** Time in milliseconds without traffic after which the operating system checks that the server is still reachable. */
const keepAliveDelayMs = 10_000;

const keepText = (text: string): unknown => text;
const types: CustomTypesConfig = { getTypeParser: (oid: number) => parserOf(oid) ?? keepText };

/**
 * Returns the parsers of column values for a result with bounds. They also count the characters of each text. When a
 * parser throws, the driver discards the rest of the result.
 */
function limitedTypes(bounds: AnswerBounds): CustomTypesConfig {
  const size = new AnswerSize(bounds);
  const countText = (text: string): unknown => {
    size.add(text);
    return text;
  };
  return { getTypeParser: (oid: number) => parserOf(oid) ?? countText };
}

/** Pool of connections to one server. */
export class PostgresqlConnections {
  readonly pool: ManagedPool;
  readonly #config: ClientConfig;
  readonly #busy = new Set<PoolClient>();
  /** Open connections, inside and outside the pool. */
  readonly #clients = new Set<unknown>();

  /**
   * Creates a pool. Does not open a connection.
   *
   * @param isReplica - true when the server is normally a standby.
   * @throws INVALID_OPTIONS when the driver cannot use the URL, for example because it names a file that does not
   * exist.
   */
  constructor({ connectionString, schema }: PostgresqlLocation, settings: PoolSettings, isReplica = false) {
    const { maxConnections, idleTimeoutMs, connectTimeoutMs, statementTimeoutMs } = settings;
    this.#config = {
      connectionString: schema === undefined ? connectionString : withSearchPath(connectionString, schema),
      application_name: 'ans-database',
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveDelayMs,
    };
    assertUsable(this.#config);
    this.pool = new ManagedPool({
      ...this.#config,
      isForPrimary: !isReplica,
      max: maxConnections,
      idleTimeoutMillis: idleTimeoutMs,
      // Lets the process end even if the pool was not closed.
      allowExitOnIdle: true,
      ...(statementTimeoutMs === 0
        ? undefined
        : { statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + answerGraceMs }),
    });
    // Ignores the error of an idle connection, because the pool replaces the connection. Without a listener, the error
    // would end the process.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => this.#clients.add(client));
    this.pool.on('remove', (client) => this.#clients.delete(client));
    this.pool.on('acquire', (client) => this.#busy.add(client));
    this.pool.on('release', (_error, client) => this.#busy.delete(client));
  }

  /** Runs `work` with a connection of the pool. Does not reuse a connection that has failed. */
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

  /** Runs a statement of the engine itself, without parameters. Returns the rows of the result. */
  async query(sql: string): Promise<readonly Row[]> {
    const { rows } = await this.withClient((client) => runStatement(client, { sql, args: [] }));
    return rows;
  }

  /** Opens a connection outside the pool, for slow statements. The caller must end the connection. */
  async connectAlone(): Promise<Client> {
    const client = new ManagedClient(this.#config);
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    await client.connect();
    return client;
  }

  /** Reports whether a connection other than `client` may be waiting for a response. */
  hasOthersInUse(client: PoolClient): boolean {
    return [...this.#busy].some((busy) => busy !== client) || this.#clients.size > this.pool.totalCount;
  }

  /**
   * Returns the ids of the server processes that serve the connections of this process. Omits a connection whose server
   * process is unknown, for example behind a pooler.
   */
  serverProcesses(): number[] {
    return [...this.#clients].flatMap((client) => {
      const number = client instanceof ManagedClient ? client.serverProcess : undefined;
      return number === undefined ? [] : [number];
    });
  }

  /** Terminates the connections in use. Calls that wait for a response fail. */
  terminateBusy(): void {
    for (const client of this.#busy) if (client instanceof ManagedClient) client.terminate();
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  /** Terminates all connections, and prevents new ones. Calls that use or await a connection fail. */
  terminate(): void {
    this.pool.terminate();
    for (const client of this.#clients) if (client instanceof ManagedClient) client.terminate();
  }
}

/** Runs one statement on a connection. The caller may send the next statement before the response to this one. */
export async function runStatement(client: ClientBase, { sql, args, bounds }: Statement): Promise<StatementResult> {
  const name = client instanceof ManagedClient ? client.nameOf(sql) : undefined;
  const query = {
    text: toNumbered(sql),
    name,
    // The cast is safe, because the driver only reads the values.
    values: args as unknown[],
    rowMode: 'array' as const,
    types: bounds === undefined ? types : limitedTypes(bounds),
  };
  // Passes a callback to the driver. The driver's own promises would keep results in memory until a full garbage
  // collection.
  const result = await new Promise<QueryArrayResult<Row[]>>((resolve, reject) => {
    client.query<Row[]>(query, (error: Error | null, answer) => {
      if (error !== null) reject(reasonOn(client, error));
      else if (lacksOutcome(answer)) reject(unexpectedEnd());
      else resolve(answer);
    });
  });
  if (client instanceof ManagedClient) {
    client.markActive();
    if (name !== undefined) {
      client.markPrepared(
        name,
        result.fields.map(({ dataTypeID }) => dataTypeID),
      );
    }
  }
  const { rows, command } = result;
  return { rows, changes: command === 'SELECT' ? 0 : (result.rowCount ?? 0) };
}

// Checks the URL by creating a client. The driver then reads the parameters of the URL, and the files that they name.
function assertUsable(config: ClientConfig): void {
  try {
    // The driver declares `ssl` as a boolean, but it may also be an object with TLS options.
    const { ssl }: { readonly ssl: unknown } = new Client(config);
    // Reads the TLS files now, to report a fault. Otherwise the driver would find the fault only at its first
    // connection.
    if (typeof ssl === 'object' && ssl !== null) createSecureContext(ssl);
  } catch (error) {
    throw new Failure(
      'INVALID_OPTIONS',
      'the driver rejected the parameters of the URL: check the files that they name',
      { cause: error },
    );
  }
}

// Adds the search path to the parameters of the URL, which take precedence over the driver's other options. The driver
// uses the last one of several parameters with the same name. So the added parameter must repeat the `options` of the
// URL.
function withSearchPath(address: string, schema: string): string {
  const options = new URLSearchParams(address.slice(address.indexOf('?'))).get('options');
  const all = options === null ? searchPath(schema) : `${options} ${searchPath(schema)}`;
  return `${address}&options=${encodeURIComponent(all)}`;
}

// Escapes spaces and backslashes, because the server splits the options at unescaped spaces.
function searchPath(schema: string): string {
  return `-c search_path=${`"${schema.replaceAll('"', '""')}"`.replace(/[\\ ]/g, '\\$&')}`;
}
