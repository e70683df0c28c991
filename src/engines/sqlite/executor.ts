import type { Mutex } from '../../runtime/mutex';
import type { Row, Statement, StatementResult } from '../../sql/statement';
import { feedInsideTransaction, type Executor, type StatementObserver } from '../../storage/executor';
import type { ChangeEntry, ChangeWriter } from '../../storage/transaction';
import type { SqliteConnection } from './connection';
import type { SqliteDatabase } from './database';
import { sqliteDialect } from './dialect';
import { withSavepoint } from './savepoint';
import type { SqliteTransaction } from './transaction';
import { createSqliteHandle } from './transaction-handle';

/**
 * Creates an executor outside transactions. Reads use the reading connection or a reader thread, and do not wait for
 * writers. Each operation that writes has its own transaction.
 */
export function createSqliteExecutor(
  database: SqliteDatabase,
  writeChanges: ChangeWriter,
  observe?: StatementObserver,
): Executor {
  return {
    dialect: sqliteDialect,
    query: (statement) => queryObserved(database, statement, observe),
    querySeparately: async (statements) => {
      const results: (readonly Row[])[] = [];
      for (const statement of statements) results.push(await queryObserved(database, statement, observe));
      return results;
    },
    withTransaction: (work, beforeCommit) =>
      writeObserved(database, observe, async (connection) => {
        const tx = createSqliteHandle((statement) => runObserved(connection, statement, observe));
        const result = await work(tx);
        await tx.flush();
        beforeCommit?.(tx.changes);
        tx.executeAtCommit(writeChanges(sqliteDialect, tx.changes));
        await tx.flush();
        return result;
      }),
  };
}

/** State of one transaction, which all of its executors share. */
export interface SqliteTransactionState {
  readonly transaction: SqliteTransaction;
  /** Change entries of all operations so far. The entries are written at the commit. */
  readonly changes: ChangeEntry[];
  /**
   * Lets only one operation of the transaction run at a time. Otherwise, rolling back the savepoint of one operation
   * would undo other operations.
   */
  readonly mutex: Mutex;
}

/**
 * Creates an executor for one transaction. Each call of `withTransaction` has a savepoint, so that a failed operation
 * has no effect.
 */
export function createSqliteTransactionExecutor(
  { transaction, changes, mutex }: SqliteTransactionState,
  observe?: StatementObserver,
): Executor {
  const { connection } = transaction;
  const run = (statement: Statement): StatementResult => {
    transaction.assertOpen();
    return runObserved(connection, statement, observe);
  };
  return {
    dialect: sqliteDialect,
    query: (statement) => mutex.runExclusive(() => run(statement).rows),
    querySeparately: () => Promise.reject(feedInsideTransaction()),
    withTransaction: (work, beforeCommit) =>
      mutex.runExclusive(async () => {
        // Checks the transaction first, because SAVEPOINT would begin a new one if it were not open.
        transaction.assertOpen();
        const [result, recorded] = await withSavepoint(connection, async () => {
          const tx = createSqliteHandle(run);
          const result = await work(tx);
          await tx.flush();
          return [result, tx.changes] as const;
        });
        beforeCommit?.(recorded);
        changes.push(...recorded);
        return result;
      }),
  };
}

/**
 * Runs `work` in a separate transaction, and reports BEGIN, COMMIT and ROLLBACK to `observe`. The reported time of
 * BEGIN includes the wait for other writers.
 */
async function writeObserved<T>(
  database: SqliteDatabase,
  observe: StatementObserver | undefined,
  work: (connection: SqliteConnection) => Promise<T>,
): Promise<T> {
  if (observe === undefined) return database.write(work);
  let start = performance.now();
  const state = { isBegun: false };
  const report = (sql: string): void => observe({ sql, args: [] }, { rows: [], changes: 0 }, performance.now() - start);
  try {
    const result = await database.write(async (connection) => {
      report('BEGIN');
      state.isBegun = true;
      try {
        return await work(connection);
      } finally {
        start = performance.now();
      }
    });
    report('COMMIT');
    return result;
  } catch (error) {
    if (state.isBegun) report('ROLLBACK');
    throw error;
  }
}

// Not an async function, so that a quick statement waits for one promise less.
function queryObserved(
  database: SqliteDatabase,
  statement: Statement,
  observe?: StatementObserver,
): Promise<readonly Row[]> {
  if (statement.cost !== undefined) return queryCostly(database, statement, observe);
  return database.withReader((connection) => runObserved(connection, statement, observe).rows);
}

async function queryCostly(
  database: SqliteDatabase,
  statement: Statement,
  observe?: StatementObserver,
): Promise<readonly Row[]> {
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
