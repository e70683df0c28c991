import pg from 'pg';
import { guardConnection } from '../../src/engines/postgresql/guarded-connection';
import { Failure } from '../../src/errors/failure';
import { createMissingSchema } from '../../src/engines/postgresql/create-schema';
import { queryOn } from '../../src/engines/postgresql/query';
import { parsePostgresqlUrl } from '../../src/options/database-url';
import { EngineError } from './engine-error';
import { toConnectionError } from './postgresql-connection-error';

/** Time in seconds that Prisma waits for a connection, unless `connect_timeout` in the URL sets another one. */
const defaultConnectTimeout = '5';

/** The database that a URL names, and its server. Holds the password: never to be shown. */
export class PostgresqlServer {
  readonly database: string;
  /** The schema that the URL names, in a parameter of Prisma's. */
  readonly schema: string | undefined;
  readonly #url: string;
  readonly #connectTimeoutMs: number;

  constructor(url: string) {
    this.#url = url;
    this.schema = schemaOf(url);
    const parameters = new URLSearchParams(url.split('?').at(1));
    this.#connectTimeoutMs = Number(parameters.get('connect_timeout') ?? defaultConnectTimeout) * 1_000;
    this.database = this.#read().database ?? '';
  }

  /** Returns a client with the settings of the URL. */
  #read(): pg.Client {
    try {
      return this.#newClient(this.#url);
    } catch {
      // The driver's error would show the URL, and the password with it.
      throw new EngineError('P1013', 'The provided database string is invalid: it is no valid URL.');
    }
  }

  /** Connects to the database, or to another of the same server, with the role and the settings of the URL. */
  async connect(database = this.database): Promise<pg.Client> {
    const client = this.#newClient(this.#url.replace(/^(\w+:\/\/[^/?#]*)(?:\/[^?#]*)?/, locationIn(database)));
    guardConnection(client.connection, () => false);
    // An error that breaks the connection also fails the running statement. An idle connection may break.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      throw toConnectionError(error, client);
    }
    // Independent of the settings of the server and of the role.
    await client.query('SET datestyle = ISO');
    return client;
  }

  /** Has names without a schema lead to `schema`, which is made where it is missing. */
  async useSchema(client: pg.Client, schema: string): Promise<void> {
    await createMissingSchema(queryOn(client), schema);
    await client.query("SELECT set_config('search_path', $1, false)", [pg.escapeIdentifier(schema)]);
  }

  #newClient(connectionString: string): pg.Client {
    return new pg.Client({ connectionString, connectionTimeoutMillis: this.#connectTimeoutMs });
  }
}

/** The beginning of a URL with another path. A function: the name may hold what means something in a replacement. */
function locationIn(database: string): (location: string, server: string) => string {
  return (_, server) => `${server}/${encodeURIComponent(database)}`;
}

/** Returns the schema that the URL names. The package has already checked that it ignores no part of the URL. */
function schemaOf(url: string): string | undefined {
  try {
    return parsePostgresqlUrl(url, 'url').schema;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new EngineError('P1013', `The provided database string is invalid: ${error.message}.`);
  }
}
