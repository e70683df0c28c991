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

/** Time in milliseconds that the driver waits for a response after the server's statement timeout has passed. */
const answerGraceMs = 1000;

/** Time in milliseconds without traffic before the operating system checks that the peer is still reachable. */
const keepAliveDelayMs = 10_000;

/** Parsers by the object id of the type. Values of all other types stay texts; JSON is selected as text. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't', // boolean
  20: Number, // bigint: counts, sequence numbers and times, of which valid values stay below 2^53
  23: Number, // integer
  701: Number, // double precision
};
const keepText = (text: string): unknown => text;
const types: CustomTypesConfig = { getTypeParser: (oid: number) => parsers[oid] ?? keepText };

/**
 * Returns the parsers for a result with bounds. They are those of `types`, and also count the characters of each text.
 * The driver discards the rest of a result whose parser throws.
 */
function limitedTypes(bounds: AnswerBounds): CustomTypesConfig {
  const size = new AnswerSize(bounds);
  const countText = (text: string): unknown => {
    size.add(text);
    return text;
  };
  return { getTypeParser: (oid: number) => parsers[oid] ?? countText };
}

/** A pool of connections to one server. */
export class PostgresqlConnections {
  readonly pool: ManagedPool;
  readonly #config: ClientConfig;
  readonly #busy = new Set<PoolClient>();
  /** Open connections, both of the pool and outside the pool. */
  readonly #clients = new Set<unknown>();

  /**
   * Does not open a connection.
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
      // A pool that was not closed must not keep the process alive. An open SQLite database does not do so either.
      allowExitOnIdle: true,
      ...(statementTimeoutMs === 0
        ? undefined
        : { statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + answerGraceMs }),
    });
    // The pool replaces an idle connection that is lost; without a listener the error would end the process.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => this.#clients.add(client));
    this.pool.on('remove', (client) => this.#clients.delete(client));
    this.pool.on('acquire', (client) => this.#busy.add(client));
    this.pool.on('release', (_error, client) => this.#busy.delete(client));
  }

  /** Runs `work` with a connection of the pool. A connection that has failed is not used again. */
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

  /** Runs a statement of the engine itself, without parameters. Returns its rows. */
  async query(sql: string): Promise<readonly Row[]> {
    const { rows } = await this.withClient((client) => runStatement(client, { sql, args: [] }));
    return rows;
  }

  /** Returns a connection outside the pool, for slow statements. The caller has to end it. */
  async connectAlone(): Promise<Client> {
    const client = new ManagedClient(this.#config);
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    await client.connect();
    return client;
  }

  /** Reports whether any connection except `client` may be waiting for a response. */
  hasOthersInUse(client: PoolClient): boolean {
    return [...this.#busy].some((busy) => busy !== client) || this.#clients.size > this.pool.totalCount;
  }

  /**
   * Returns the ids of the server processes that serve this process's connections. Omits connections whose server
   * process is unknown, such as those through a pooler.
   */
  serverProcesses(): number[] {
    return [...this.#clients].flatMap((client) => {
      const number = client instanceof ManagedClient ? client.serverProcess : undefined;
      return number === undefined ? [] : [number];
    });
  }

  /** Breaks the connections that are in use: calls that wait for a response fail. */
  terminateBusy(): void {
    for (const client of this.#busy) if (client instanceof ManagedClient) client.terminate();
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  /** Breaks all connections and blocks new ones: calls that use or await a connection fail. */
  terminate(): void {
    this.pool.terminate();
    for (const client of this.#clients) if (client instanceof ManagedClient) client.terminate();
  }
}

/** Runs one statement on a connection. The caller can send the next statement before this one has its response. */
export async function runStatement(client: ClientBase, { sql, args, bounds }: Statement): Promise<StatementResult> {
  const name = client instanceof ManagedClient ? client.nameOf(sql) : undefined;
  const query = {
    text: toNumbered(sql),
    name,
    // The cast is safe: the driver only reads the values.
    values: args as unknown[],
    rowMode: 'array' as const,
    types: bounds === undefined ? types : limitedTypes(bounds),
  };
  // With the driver's own promises, results would stay in memory until a full garbage collection.
  const result = await new Promise<QueryArrayResult<Row[]>>((resolve, reject) => {
    client.query<Row[]>(query, (error: Error | null, answer) => {
      if (error !== null) reject(reasonOn(client, error));
      else if (lacksOutcome(answer)) reject(unexpectedEnd());
      else resolve(answer);
    });
  });
  if (client instanceof ManagedClient) client.markActive(name);
  return { rows: result.rows, changes: result.command === 'SELECT' ? 0 : (result.rowCount ?? 0) };
}

// Creates a client, because the driver then reads the parameters of the URL and the files that they name.
function assertUsable(config: ClientConfig): void {
  try {
    // The driver declares `ssl` as a boolean, but it may also be an object with TLS options.
    const { ssl }: { readonly ssl: unknown } = new Client(config);
    // For every new connection, the driver creates a TLS context from the files, as this line does.
    if (typeof ssl === 'object' && ssl !== null) createSecureContext(ssl);
  } catch (error) {
    throw new Failure(
      'INVALID_OPTIONS',
      'the driver rejected the parameters of the URL: check the files that they name',
      { cause: error },
    );
  }
}

// The parameters of a URL take precedence over the driver's other options, so the search path is added to the URL. When
// a parameter occurs twice, the driver uses the last one. Therefore the added parameter also contains the given
// options.
function withSearchPath(address: string, schema: string): string {
  const options = new URLSearchParams(address.slice(address.indexOf('?'))).get('options');
  const all = options === null ? searchPath(schema) : `${options} ${searchPath(schema)}`;
  return `${address}&options=${encodeURIComponent(all)}`;
}

// The server splits the options at spaces, as a command line. A backslash before a space or a backslash makes it
// literal.
function searchPath(schema: string): string {
  return `-c search_path=${`"${schema.replaceAll('"', '""')}"`.replace(/[\\ ]/g, '\\$&')}`;
}
