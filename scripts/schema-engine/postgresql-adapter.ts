import type {
  DriverAdapterError,
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from '@prisma/driver-adapter-utils';
import type { Client } from 'pg';
import { engineTypes, toColumnType } from './postgresql-conversion';
import { toEngineError, toScriptError } from './postgresql-engine-error';

/** A database that the schema engine works on. */
export interface EngineConnection {
  /** Called for each statement; the code that opened the connection closes it. */
  readonly connect: () => Promise<Client>;
  /** The schema where names lead to that have none before them. */
  readonly schema: string;
  /** Keeps others from migrating the database: what the engine does with an advisory lock of the session. */
  readonly lock: () => Promise<void>;
  /** Called when the engine has done with the database. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** Access of Prisma's schema engine to PostgreSQL databases. */
export interface PostgresqlMigrationConnections {
  /** Finds the database to migrate. */
  readonly open: () => Promise<EngineConnection>;
  /** Makes an empty database to replay migrations on. */
  readonly openShadow: () => Promise<EngineConnection>;
  /** Called with the driver's own error when a statement fails: the engine passes on only a text. */
  readonly onFailed: (error: unknown) => void;
}

/** Matches the statement with which the engine locks the database for as long as the connection is open. */
const lockStatement = /^SELECT pg_advisory_lock\(\d+\)$/;

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
    const { open, onFailed } = this.#connections;
    return new PostgresqlMigrationAdapter(await settle(open, onFailed), onFailed);
  }

  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const { openShadow, onFailed } = this.#connections;
    // A statement that fails on the copy is no failure of the database.
    return new PostgresqlMigrationAdapter(await settle(openShadow, onFailed), () => undefined);
  }
}

class PostgresqlMigrationAdapter implements SqlDriverAdapter {
  readonly provider = 'postgres';
  readonly adapterName = 'ans-database';
  readonly #connection: EngineConnection;
  readonly #onFailed: (error: unknown) => void;

  constructor(connection: EngineConnection, onFailed: (error: unknown) => void) {
    this.#connection = connection;
    this.#onFailed = onFailed;
  }

  getConnectionInfo() {
    return { schemaName: this.#connection.schema, supportsRelationJoins: true };
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#run(async (client) => {
      const config = { text: query.sql, values: query.args, rowMode: 'array' as const, types: engineTypes };
      const { fields, rows } = await client.query<unknown[]>(config);
      return {
        columnNames: fields.map(({ name }) => name),
        columnTypes: fields.map(({ dataTypeID }) => toColumnType(dataTypeID)),
        rows,
      };
    });
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    // Besides single statements the engine sends whole scripts this way: migrations replayed on a shadow database, the
    // script of `prisma db execute`. They never have parameters.
    if (query.args.length === 0) await this.executeScript(query.sql);
    else await this.queryRaw(query);
    return 0;
  }

  /** A script without statements that manage transactions is one transaction: the server sees to it. */
  executeScript(script: string): Promise<void> {
    return settle(
      async () => {
        if (lockStatement.test(script)) return this.#connection.lock();
        const client = await this.#connection.connect();
        await client.query(script);
      },
      this.#onFailed,
      toScriptError,
    );
  }

  startTransaction(): Promise<Transaction> {
    return Promise.reject(new Error('The schema engine opens no transactions on PostgreSQL'));
  }

  dispose(): Promise<void> {
    return settle(async () => this.#connection.close?.(), this.#onFailed);
  }

  #run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return settle(async () => work(await this.#connection.connect()), this.#onFailed);
  }
}

async function settle<T>(
  run: () => Promise<T>,
  onFailed: (error: unknown) => void,
  convert: (error: unknown) => DriverAdapterError = toEngineError,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    onFailed(error);
    throw convert(error);
  }
}
