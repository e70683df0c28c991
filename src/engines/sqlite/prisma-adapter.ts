import {
  DriverAdapterError,
  type ConnectionInfo,
  type IsolationLevel,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import type { StatementResult } from '../../sql/statement';
import { createSavepoints, nestTransactions } from '../../runtime/nested-transactions';
import { tellObserver } from '../../runtime/statement-observers';
import { toColumnTypes, toPrismaRow, toSqliteValue } from './conversion';
import { toDriverAdapterError } from './driver-error';
import type { SqliteConnection } from './connection';
import type { SqliteDatabase } from './database';
import type { SqliteTransaction } from './transaction';

const adapterInfo = { provider: 'sqlite', adapterName: 'ans-database' } as const;

/** Limits of one statement, as better-sqlite3 compiles SQLite. */
const connectionInfo: ConnectionInfo = { maxBindValues: 32_766, supportsRelationJoins: false };

/**
 * Creates Prisma's adapter for a {@link SqliteDatabase}. Unlike the official adapter, it sends every statement outside
 * a transaction through the database's mutex, so that no statement can join, or be rolled back with, another caller's
 * transaction. It does not close the database: the code that opened the database has to.
 */
export function createSqliteAdapterFactory(database: SqliteDatabase): SqlDriverAdapterFactory {
  const adapter: SqlDriverAdapter = {
    ...adapterInfo,
    queryRaw: (query) => mapErrors(() => route(database, query, (connection) => queryRaw(connection, query))),
    executeRaw: (query) => mapErrors(() => route(database, query, (connection) => executeRaw(connection, query))),
    executeScript: (script) =>
      mapErrors(() => database.withWriter((connection) => void connection.driver.exec(script))),
    startTransaction: async (isolationLevel) => {
      assertSerializable(isolationLevel);
      return createTransaction(await mapErrors(() => database.begin()));
    },
    getConnectionInfo: () => connectionInfo,
    dispose: () => Promise.resolve(),
  };
  return { ...adapterInfo, connect: () => Promise.resolve(adapter) };
}

/** Prisma's way to a transaction that is open already: all that comes through it is part of that transaction. */
export function createSqliteTransactionAdapterFactory(transaction: SqliteTransaction): SqlDriverAdapterFactory {
  const adapter = nestTransactions({
    ...createQueryable(transaction),
    executeScript: (script) => runInside(transaction, ({ driver }) => void driver.exec(script)),
    getConnectionInfo: () => connectionInfo,
    checkIsolation: assertSerializable,
  });
  return { ...adapterInfo, connect: () => Promise.resolve(adapter) };
}

// Reads use the connection that never waits; a statement that returns rows may still be a write (RETURNING).
function route<T>(database: SqliteDatabase, query: SqlQuery, work: (connection: SqliteConnection) => T): Promise<T> {
  return database
    .withReader((connection) => connection.prepareForPrisma(query.sql).readonly)
    .then((readsOnly) => (readsOnly ? database.withReader(work) : database.withWriter(work)));
}

function createTransaction(transaction: SqliteTransaction): Transaction {
  return {
    ...createQueryable(transaction),
    // Commit and rollback are ours to send, not Prisma's: they have to end with the gate open whatever happens.
    options: { usePhantomQuery: true },
    commit: () => settle(() => transaction.commit()),
    rollback: () => settle(() => transaction.rollback()),
    ...createSavepoints((command) => runInside(transaction, ({ driver }) => void driver.exec(command))),
  };
}

function createQueryable(
  transaction: SqliteTransaction,
): Pick<Transaction, keyof typeof adapterInfo | 'queryRaw' | 'executeRaw'> {
  return {
    ...adapterInfo,
    queryRaw: (query) => runInside(transaction, (connection) => queryRaw(connection, query)),
    executeRaw: (query) => runInside(transaction, (connection) => executeRaw(connection, query)),
  };
}

function runInside<T>(transaction: SqliteTransaction, work: (connection: SqliteConnection) => T): Promise<T> {
  return settle(() => {
    transaction.assertOpen();
    return work(transaction.connection);
  });
}

function queryRaw(connection: SqliteConnection, { sql, args, argTypes }: SqlQuery): SqlResultSet {
  const statement = connection.prepareForPrisma(sql);
  const values = args.map((argument, index) => toSqliteValue(argument, argTypes[index]));
  return observed(sql, () => {
    if (!statement.reader) {
      return { columnNames: [], columnTypes: [], rows: [], changes: statement.run(...values).changes };
    }
    const rows = statement.all(...values);
    // Only now: a statement that was prepared before the schema changed learns of it when it is run.
    const columns = statement.columns();
    const declaredTypes = columns.map(({ type }) => type);
    const columnTypes = toColumnTypes(declaredTypes, rows);
    const prismaRows = rows.map((row) => toPrismaRow(row, columnTypes));
    return { columnNames: columns.map(({ name }) => name), columnTypes, rows: prismaRows, changes: 0 };
  });
}

function executeRaw(connection: SqliteConnection, { sql, args, argTypes }: SqlQuery): number {
  const statement = connection.prepareForPrisma(sql);
  const values = args.map((argument, index) => toSqliteValue(argument, argTypes[index]));
  return observed(sql, () => ({ rows: [], changes: statement.run(...values).changes })).changes;
}

function observed<T extends StatementResult>(sql: string, work: () => T): T {
  const start = performance.now();
  const result = work();
  tellObserver(sql, result, start);
  return result;
}

function assertSerializable(isolationLevel: IsolationLevel | undefined): void {
  if (isolationLevel !== undefined && isolationLevel !== 'SERIALIZABLE') {
    throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level: isolationLevel });
  }
}

function settle<T>(work: () => T): Promise<T> {
  return mapErrors(() => Promise.resolve(work()));
}

async function mapErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toDriverAdapterError(error);
  }
}
