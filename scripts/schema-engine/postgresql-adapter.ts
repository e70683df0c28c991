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

/** Database that the schema engine works on. */
export interface EngineConnection {
  /** Returns the connection for a statement. The code that has opened the connection closes it. */
  readonly connect: () => Promise<Client>;
  /** Schema in which the server looks up unqualified names. */
  readonly schema: string;
  /** Locks the database against other migrations, in place of the engine's own advisory lock. */
  readonly lock: () => Promise<void>;
  /** Called when the engine no longer needs the database. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** Opens PostgreSQL databases for Prisma's schema engine. */
export interface PostgresqlMigrationConnections {
  /** Opens the database to migrate. */
  readonly open: () => Promise<EngineConnection>;
  /** Opens an empty database to replay migrations on. */
  readonly openShadow: () => Promise<EngineConnection>;
  /** Receives the driver's error of a failed statement. The schema engine forwards only the text of the error. */
  readonly onFailed: (error: unknown) => void;
}

/** Matches the statement with which the engine locks the database until the connection ends. */
const lockStatement = /^SELECT pg_advisory_lock\(\d+\)$/;

/**
 * Driver adapter for the schema engine only. Prisma's own adapter rejects a type in the engine's queries of the
 * catalogue, and splits migrations at every semicolon, even inside the body of a function.
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
    // Does not report a failed statement on the shadow database, because the real database has not failed.
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
    // The engine also sends whole scripts as one statement, without parameters: migrations on a shadow database, and
    // the script of `prisma db execute`.
    if (query.args.length === 0) await this.executeScript(query.sql);
    else await this.queryRaw(query);
    return 0;
  }

  /** Runs a script. The server treats a script without transaction statements as one transaction. */
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
