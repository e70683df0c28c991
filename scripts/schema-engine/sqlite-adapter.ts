import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from '@prisma/driver-adapter-utils';
import type { Database } from 'better-sqlite3';
import { toColumnTypes, toPrismaRow, toSqliteValue } from '../../src/prisma/sqlite-values';
import { runScript } from './run-script';
import { answerWithoutHistory } from './sqlite-history';
import { toScriptError } from './sqlite-script-error';

/** Opens SQLite databases for Prisma's schema engine. */
export interface SqliteMigrationConnections {
  /** Returns the database to migrate. The code that has opened the database closes it. */
  readonly connect: () => Database;
  /** Opens an empty database to replay migrations on. The adapter closes it when the engine no longer needs it. */
  readonly connectToShadow: () => Database;
  /** Receives the driver's error of a failed migration. The schema engine forwards only the text of the error. */
  readonly onScriptFailed: (error: unknown) => void;
}

/** Driver adapter for the schema engine only, which runs single queries and whole migration scripts. */
export class SqliteMigrationAdapterFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'sqlite';
  readonly adapterName = 'ans-database';
  readonly #connections: SqliteMigrationConnections;

  constructor(connections: SqliteMigrationConnections) {
    this.#connections = connections;
  }

  connect(): Promise<SqlDriverAdapter> {
    return Promise.resolve(new SqliteMigrationAdapter(this.#connections, () => undefined));
  }

  connectToShadowDb(): Promise<SqlDriverAdapter> {
    const shadow = this.#connections.connectToShadow();
    // A failed statement on the shadow database is not reported, because the database itself has not failed.
    const connections = { connect: () => shadow, onScriptFailed: () => undefined };
    return Promise.resolve(new SqliteMigrationAdapter(connections, () => void shadow.close()));
  }
}

class SqliteMigrationAdapter implements SqlDriverAdapter {
  readonly provider = 'sqlite';
  readonly adapterName = 'ans-database';
  readonly #connections: Omit<SqliteMigrationConnections, 'connectToShadow'>;
  readonly #close: () => void;

  constructor(connections: Omit<SqliteMigrationConnections, 'connectToShadow'>, close: () => void) {
    this.#connections = connections;
    this.#close = close;
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#settle(() => {
      const connection = this.#connections.connect();
      return answerWithoutHistory(connection, query.sql) ?? runQuery(connection, query);
    });
  }

  executeRaw(query: SqlQuery): Promise<number> {
    return this.#settle(() => {
      const connection = this.#connections.connect();
      if (query.args.length > 0) return connection.prepare(query.sql).run(...toParameters(query)).changes;
      // The engine also sends whole scripts as one statement, without parameters: migrations on a shadow database, and
      // the script of `prisma db execute`.
      runScript(connection, query.sql);
      return 0;
    });
  }

  executeScript(script: string): Promise<void> {
    return this.#settle(() => {
      try {
        runScript(this.#connections.connect(), script);
      } catch (error) {
        this.#connections.onScriptFailed(error);
        throw error;
      }
    });
  }

  startTransaction(): Promise<Transaction> {
    return Promise.reject(new Error('The schema engine opens no transactions on SQLite'));
  }

  dispose(): Promise<void> {
    return this.#settle(this.#close);
  }

  /**
   * Runs synchronous code of the driver, and returns the result as a promise, because the interface is asynchronous.
   */
  async #settle<T>(run: () => T): Promise<T> {
    try {
      return await Promise.resolve(run());
    } catch (error) {
      throw toScriptError(error);
    }
  }
}

/** Matches the query with which the engine reads the SQL of a partial index. */
const indexQuery = /^(SELECT sql FROM sqlite_master WHERE type = 'index' AND name = )"([^"']*)";?$/;

function runQuery(connection: Database, query: SqlQuery): SqlResultSet {
  // The engine puts the name of the index in double quotes, which better-sqlite3 does not accept for a text.
  const sql = query.sql.replace(indexQuery, "$1'$2'");
  const statement = connection.prepare<unknown[], unknown[]>(sql).safeIntegers();
  if (!statement.reader) {
    statement.run(...toParameters(query));
    return { columnNames: [], columnTypes: [], rows: [] };
  }
  const columns = statement.columns();
  const rows = statement.raw().all(...toParameters(query));
  const columnTypes = toColumnTypes(
    columns.map(({ type }) => type),
    rows,
  );
  return {
    columnNames: columns.map(({ name }) => name),
    columnTypes,
    rows: rows.map((row) => toPrismaRow(row, columnTypes)),
  };
}

function toParameters({ args, argTypes }: SqlQuery): unknown[] {
  return args.map((argument, index) => toSqliteValue(argument, argTypes[index], 'milliseconds'));
}
