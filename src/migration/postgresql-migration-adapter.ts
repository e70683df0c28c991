import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import type { Client } from 'pg';
import { engineTypes, toColumnType } from './postgresql-conversion';
import { toEngineError } from './postgresql-engine-error';

/** How Prisma's schema engine gets at PostgreSQL databases. */
export interface PostgresqlMigrationConnections {
  /** The database to migrate. Called when the engine needs it; whoever opened it closes it. */
  readonly connect: () => Promise<Client>;
  /** An empty database to replay migrations on. */
  readonly connectToShadow: () => Promise<ShadowConnection>;
  /** Told the driver's own error when a statement fails: the engine passes on no more than a text. */
  readonly onFailed: (error: unknown) => void;
}

/** A database that is there for the engine's comparisons only. */
export interface ShadowConnection {
  readonly client: Client;
  /** Called when the engine has done with it. */
  readonly remove: () => Promise<void>;
}

/** How the engine keeps others from migrating the database for as long as the connection is open. */
const lockStatement = /^SELECT pg_advisory_lock\(72707369\)$/;

/**
 * A driver adapter for the schema engine alone. Prisma's own refuses a type that the engine's queries on the catalogue
 * ask for, and takes migrations apart at every semicolon, those of a function's body included.
 */
export class PostgresqlMigrationAdapterFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = 'ans-database';
  readonly #connections: PostgresqlMigrationConnections;

  constructor(connections: PostgresqlMigrationConnections) {
    this.#connections = connections;
  }

  async connect(): Promise<SqlDriverAdapter> {
    const { connect, onFailed } = this.#connections;
    const client = await settle(connect, onFailed);
    return PostgresqlMigrationAdapter.on(client, onFailed, () => Promise.resolve());
  }

  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const { connectToShadow } = this.#connections;
    // What fails on the copy is no failure of the database.
    const ignore = () => undefined;
    const { client, remove } = await settle(connectToShadow, ignore);
    return PostgresqlMigrationAdapter.on(client, ignore, remove);
  }
}

class PostgresqlMigrationAdapter implements SqlDriverAdapter {
  readonly provider = 'postgres';
  readonly adapterName = 'ans-database';
  readonly #client: Client;
  readonly #schema: string;
  readonly #onFailed: (error: unknown) => void;
  readonly #close: () => Promise<void>;

  private constructor(client: Client, schema: string, onFailed: (error: unknown) => void, close: () => Promise<void>) {
    this.#client = client;
    this.#schema = schema;
    this.#onFailed = onFailed;
    this.#close = close;
  }

  static async on(
    client: Client,
    onFailed: (error: unknown) => void,
    close: () => Promise<void>,
  ): Promise<PostgresqlMigrationAdapter> {
    const schema = await settle(() => currentSchema(client), onFailed);
    return new PostgresqlMigrationAdapter(client, schema, onFailed, close);
  }

  getConnectionInfo() {
    return { schemaName: this.#schema, supportsRelationJoins: true };
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return settle(async () => {
      const config = { text: query.sql, values: query.args, rowMode: 'array' as const, types: engineTypes };
      const { fields, rows } = await this.#client.query<unknown[]>(config);
      return {
        columnNames: fields.map(({ name }) => name),
        columnTypes: fields.map(({ dataTypeID }) => toColumnType(dataTypeID)),
        rows,
      };
    }, this.#onFailed);
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    // Inside the caller's transaction the database is locked already, and for no longer than that.
    if (this.#isInTransaction() && lockStatement.test(query.sql)) return 0;
    // Besides single statements the engine sends whole scripts this way: migrations replayed on a shadow database, the
    // script of `prisma db execute`. They never have parameters.
    if (query.args.length === 0) await this.executeScript(query.sql);
    else await this.queryRaw(query);
    return 0;
  }

  /** A script without statements that manage transactions is one transaction: the server sees to it. */
  executeScript(script: string): Promise<void> {
    return settle(async () => {
      if (this.#isInTransaction()) await this.#runInSavepoint(script);
      else await this.#client.query(script);
    }, this.#onFailed);
  }

  startTransaction(): Promise<Transaction> {
    return Promise.reject(new Error('The schema engine opens no transactions on PostgreSQL'));
  }

  dispose(): Promise<void> {
    return settle(this.#close, this.#onFailed);
  }

  #isInTransaction(): boolean {
    return this.#client.getTransactionStatus() === 'T';
  }

  /** After a failure the engine still writes to the history, which an aborted transaction would not let it. */
  async #runInSavepoint(script: string): Promise<void> {
    await this.#client.query('SAVEPOINT migration_script');
    try {
      await this.#client.query(script);
      // Fails, too, where the script has ended the transaction.
      await this.#client.query('RELEASE SAVEPOINT migration_script');
    } catch (error) {
      await this.#client.query('ROLLBACK TO SAVEPOINT migration_script').catch(() => undefined);
      throw error;
    }
  }
}

/** Where the names in a script lead to that have no schema before them. */
async function currentSchema(client: Client): Promise<string> {
  const { rows } = await client.query<[string | null]>({ text: 'SELECT current_schema()', rowMode: 'array' });
  return rows[0]?.[0] ?? 'public';
}

async function settle<T>(run: () => Promise<T>, onFailed: (error: unknown) => void): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof DriverAdapterError) throw error;
    onFailed(error);
    throw toEngineError(error);
  }
}
