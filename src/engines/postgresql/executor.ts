import type { PoolClient } from 'pg';
import { classifyPostgresqlError, isCancelledByRequest, isConnectionFault } from './errors/classify';
import { observeControl } from '../../runtime/observe-control';
import type { Row, Statement, StatementResult } from '../../sql/statement';
import { feedInsideTransaction, type Executor, type StatementObserver } from '../../storage/executor';
import type { ChangeEntry, ChangeWriter } from '../../storage/transaction';
import { runStatement, type PostgresqlConnections } from './connections';
import { postgresqlDialect } from './dialect';
import type { Replicas } from './replicas';
import { canBeBatch, runBatch } from './statement-batch';
import { PostgresqlTransaction, type TransactionWithSavepoints } from './transaction';
import { createPostgresqlHandle } from './transaction-handle';

/** Functions that an executor calls around the commit of each operation that writes. */
export interface CommitHooks {
  readonly writeChanges: ChangeWriter;
  /** Called after the commit of an operation that has added pending entries of security events. */
  readonly requestSequencing: () => void;
}

/** Work that the operations of a transaction leave for its commit. */
export interface CommitEffects {
  /** Entries to write to the change feed. */
  readonly changes: ChangeEntry[];
  needsSequencing: boolean;
}

/**
 * Creates an executor outside transactions. Each read is a single statement, and each operation that writes has its own
 * transaction.
 */
export function createPostgresqlExecutor(
  primary: PostgresqlConnections,
  { writeChanges, requestSequencing }: CommitHooks,
  observe?: StatementObserver,
): Executor {
  return {
    dialect: postgresqlDialect,
    query: (statement) => queryOn(primary, statement, observe),
    querySeparately: (statements) => querySeparatelyOn(primary, statements, observe),
    withTransaction: async (work, beforeCommit) => {
      const transaction = await PostgresqlTransaction.open(primary, 'READ COMMITTED');
      const { client } = transaction;
      const run = (statement: Statement): Promise<StatementResult> => runObserved(client, statement, observe);
      let result;
      let last: readonly Statement[];
      let isAlone: boolean;
      let needsSequencing: boolean;
      try {
        const tx = createPostgresqlHandle(run, () => begin(transaction, observe));
        result = await work(tx);
        beforeCommit?.(tx.changes);
        last = [...tx.takePending(), ...writeChanges(postgresqlDialect, tx.changes)];
        needsSequencing = tx.needsSequencing;
        isAlone = !transaction.hasBegun && canBeBatch(client, last);
        if (!isAlone) await begin(transaction, observe);
      } catch (error) {
        // Ignores an error of the rollback, because the first error is the one to report.
        await transaction.rollback(!isConnectionFault(error)).catch(() => undefined);
        throw error;
      }
      if (isAlone) await transaction.commitAlone(() => runBatchObserved(client, last, observe));
      else await observeControl(observe, 'COMMIT', () => transaction.commit(() => last.map(run)));
      if (needsSequencing) requestSequencing();
      return result;
    },
  };
}

/**
 * Creates an executor that sends reads to replicas. The primary answers a read when no replica can. All writes go to
 * the primary.
 */
export function createReplicaExecutor(replicas: Replicas, primary: Executor, observe?: StatementObserver): Executor {
  return {
    ...primary,
    query: async (statement) => {
      const replica = await replicas.choose();
      if (replica === undefined) return primary.query(statement);
      try {
        return await replicas.ask(replica, (connections) => queryOn(connections, statement, observe));
      } catch (error) {
        const { code } = classifyPostgresqlError(error);
        // Does not repeat a timed-out or cancelled read on the primary: it would take as long again, or somebody has
        // cancelled it on purpose.
        if (code === 'TIMEOUT' && !isConnectionFault(error)) throw error;
        if (isCancelledByRequest(error)) throw error;
        // Does not blame the replica for these two codes: the statement, or a conflict with replication, has caused the
        // error.
        if (code !== 'INVALID_INPUT' && code !== 'CONFLICT') replicas.reportFault(replica);
        return primary.query(statement);
      }
    },
  };
}

/**
 * Creates an executor that runs operations inside a transaction. An operation that fails has no effect.
 *
 * @param effects - receives the work that the operations leave for the commit.
 */
export function createPostgresqlTransactionExecutor(
  transaction: TransactionWithSavepoints,
  effects: CommitEffects,
  observe?: StatementObserver,
): Executor {
  return {
    dialect: postgresqlDialect,
    query: async (statement) => {
      const { rows } = await transaction.read((client) => runObserved(client, statement, observe));
      return rows;
    },
    querySeparately: () => Promise.reject(feedInsideTransaction()),
    withTransaction: async (work, beforeCommit) => {
      const [result, { changes, needsSequencing }] = await transaction.write(async (client) => {
        const tx = createPostgresqlHandle((statement) => runObserved(client, statement, observe));
        const result = await work(tx);
        await tx.flush();
        return [result, tx] as const;
      });
      beforeCommit?.(changes);
      effects.changes.push(...changes);
      effects.needsSequencing ||= needsSequencing;
      return result;
    },
  };
}

/** Sends BEGIN if the transaction has not begun yet. */
function begin(transaction: PostgresqlTransaction, observe?: StatementObserver): Promise<unknown> {
  if (transaction.hasBegun) return transaction.begin();
  const begun = observeControl(observe, 'BEGIN', () => transaction.begin());
  // Prevents a second, unhandled rejection. The caller receives the error through the returned promise.
  begun.catch(() => undefined);
  return begun;
}

async function queryOn(
  connections: PostgresqlConnections,
  statement: Statement,
  observe?: StatementObserver,
): Promise<readonly Row[]> {
  const { rows } = await connections.withClient((client) => runObserved(client, statement, observe));
  return rows;
}

// Sends all statements at once, without BEGIN. So each statement is a separate transaction, and the server runs them in
// order.
async function querySeparatelyOn(
  connections: PostgresqlConnections,
  statements: readonly Statement[],
  observe?: StatementObserver,
): Promise<readonly (readonly Row[])[]> {
  return connections.withClient(async (client) => {
    const sent = statements.map((statement) => runObserved(client, statement, observe));
    // Waits for all statements, because other callers use the connection afterwards.
    await Promise.allSettled(sent);
    return (await Promise.all(sent)).map(({ rows }) => rows);
  });
}

async function runObserved(
  client: PoolClient,
  statement: Statement,
  observe?: StatementObserver,
): Promise<StatementResult> {
  if (observe === undefined) return runStatement(client, statement);
  const start = performance.now();
  const result = await runStatement(client, statement);
  observe(statement, result, performance.now() - start);
  return result;
}

async function runBatchObserved(
  client: PoolClient,
  statements: readonly Statement[],
  observe?: StatementObserver,
): Promise<void> {
  const start = performance.now();
  const results = await runBatch(client, statements);
  const durationMs = performance.now() - start;
  statements.forEach((statement, place) =>
    observe?.(statement, results[place] ?? { rows: [], changes: 0 }, durationMs),
  );
}
