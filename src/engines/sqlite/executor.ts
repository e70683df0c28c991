import type { Executor, StatementObserver } from '../../storage/executor';
import type { PrismaClientLoader } from '../../runtime/prisma-client-loader';
import type { ChangeEntry, Row, Statement, StatementResult } from '../../sql/statement';
import type { Mutex } from '../../runtime/mutex';
import { keepIn, runInTurns, runWorkInTurns, insertChangeEntries } from '../../runtime/run-work';
import type { SqliteConnection } from './connection';
import type { SqliteDatabase } from './database';
import type { SqliteTransaction } from './transaction';
import { sqliteDialect } from './dialect';

/** Runs statements on a database: reads on the connection that never waits, writes in transactions of their own. */
export function createSqliteExecutor(
  database: SqliteDatabase,
  prisma: PrismaClientLoader,
  observe?: StatementObserver,
): Executor {
  return {
    dialect: sqliteDialect,
    query: (statement) => queryObserved(database, statement, observe),
    atomic: (work) =>
      database.write(async (connection) => {
        const run = (statement: Statement): StatementResult => runObserved(connection, statement, observe);
        const notes: ChangeEntry[] = [];
        const result = await runWorkInTurns(work(), notes, run);
        await runInTurns(insertChangeEntries(sqliteDialect, notes), run);
        return result;
      }),
    prisma: (work) => prisma.lend(work, (notes) => insertChangeEntries(sqliteDialect, notes), observe),
  };
}

/** State that the executors of one transaction share. */
export interface SqliteTransactionState {
  readonly transaction: SqliteTransaction;
  readonly prisma: PrismaClientLoader;
  /** Change entries for the feed, written at the commit. */
  readonly notes: ChangeEntry[];
  /** Prisma Client takes its time: what came in between would be undone together with it. */
  readonly turns: Mutex;
}

/** Runs statements inside a transaction; each atomic group is a savepoint, so a group that fails leaves nothing. */
export function createSqliteTransactionExecutor(
  { transaction, prisma, notes, turns }: SqliteTransactionState,
  observe?: StatementObserver,
): Executor {
  const { connection } = transaction;
  const run = (statement: Statement): StatementResult => {
    transaction.assertOpen();
    return runObserved(connection, statement, observe);
  };
  return {
    dialect: sqliteDialect,
    query: (statement) => turns.runExclusive(() => settle(() => run(statement).rows)),
    atomic: (work) =>
      turns.runExclusive(() =>
        settle(() => {
          // Before the savepoint, which outside a transaction would begin one.
          transaction.assertOpen();
          return withSavepoint(connection, () => runWorkInTurns(work(), notes, run));
        }),
      ),
    prisma: (work) =>
      turns.runExclusive(async () => {
        // Prisma Client would pass the reason on as an error of its own.
        transaction.assertOpen();
        return prisma.lend(work, keepIn(notes), observe);
      }),
  };
}

// One name serves every savepoint: only one work runs at a time, so no other savepoint can come in between.
const savepoint: Statement = { sql: 'SAVEPOINT atomic_group', args: [] };
const releaseSavepoint: Statement = { sql: 'RELEASE atomic_group', args: [] };
const rollbackToSavepoint: Statement = { sql: 'ROLLBACK TO atomic_group', args: [] };

async function withSavepoint<T>(connection: SqliteConnection, work: () => Promise<T>): Promise<T> {
  connection.run(savepoint);
  try {
    const result = await work();
    connection.run(releaseSavepoint);
    return result;
  } catch (error) {
    if (connection.driver.inTransaction) {
      connection.run(rollbackToSavepoint);
      connection.run(releaseSavepoint);
    }
    throw error;
  }
}

async function queryObserved(
  database: SqliteDatabase,
  statement: Statement,
  observe?: StatementObserver,
): Promise<readonly Row[]> {
  if (statement.cost === undefined) {
    return database.withReader((connection) => runObserved(connection, statement, observe).rows);
  }
  const start = performance.now();
  const rows = await database.query(statement);
  observe?.(statement, { rows, changes: 0 }, performance.now() - start);
  return rows;
}

function runObserved(connection: SqliteConnection, statement: Statement, observe?: StatementObserver): StatementResult {
  if (observe === undefined) return connection.run(statement);
  const start = performance.now();
  const result = connection.run(statement);
  observe(statement, result, performance.now() - start);
  return result;
}

function settle<T>(work: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
