import pg from 'pg';
import { guardConnection } from '../../src/engines/postgresql/guarded-connection';
import { Failure } from '../../src/errors/failure';
import { createMissingSchema } from '../../src/engines/postgresql/create-schema';
import { queryOn } from '../../src/engines/postgresql/query';
import { parsePostgresqlUrl } from '../../src/options/database-url';
import { EngineError } from './engine-error';
import { toConnectionError } from './postgresql-connection-error';

/** Prisma's default of `connect_timeout`, in seconds. */
const defaultConnectTimeout = '5';

/** Database at a URL, and its server. Never print it, because it contains the password. */
export class PostgresqlServer {
  readonly database: string;
  /** Schema that the URL names in Prisma's parameter `schema`. */
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
      // Throws another error, because the driver's error would contain the URL with the password.
      throw new EngineError('P1013', 'The provided database string is invalid: it is no valid URL.');
    }
  }

  /** Connects to this or another database of the server, with the role and the settings of the URL. */
  async connect(database = this.database): Promise<pg.Client> {
    const client = this.#newClient(this.#url.replace(/^(\w+:\/\/[^/?#]*)(?:\/[^?#]*)?/, locationIn(database)));
    guardConnection(client.connection, () => false);
    // Ignores the client's `error` event: a broken connection also makes the running statement fail.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      throw toConnectionError(error, client);
    }
    // Sets the date format that the adapter parses, because the server or the role may have set another one.
    await client.query('SET datestyle = ISO');
    return client;
  }

  /** Makes `schema` the schema in which the server looks up unqualified names; creates it if it is missing. */
  async useSchema(client: pg.Client, schema: string): Promise<void> {
    await createMissingSchema(queryOn(client), schema);
    await client.query("SELECT set_config('search_path', $1, false)", [pg.escapeIdentifier(schema)]);
  }

  #newClient(connectionString: string): pg.Client {
    return new pg.Client({ connectionString, connectionTimeoutMillis: this.#connectTimeoutMs });
  }
}

/**
 * Returns a function that replaces the path of a URL. A replacement text is not used, because `$1` would have a special
 * meaning in it.
 */
function locationIn(database: string): (location: string, server: string) => string {
  return (_, server) => `${server}/${encodeURIComponent(database)}`;
}

/** Returns the schema in the URL, and rejects a URL that the package would reject. */
function schemaOf(url: string): string | undefined {
  try {
    return parsePostgresqlUrl(url, 'url').schema;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new EngineError('P1013', `The provided database string is invalid: ${error.message}.`);
  }
}
