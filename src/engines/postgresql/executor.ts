import { TransactionHandle } from '../../runtime/transaction-handle';
import type { Row, Statement } from '../../sql/statement';
import { feedInsideTransaction, type Executor, type StatementObserver } from '../../storage/executor';
import type { ChangeEntry, ChangeWriter } from '../../storage/transaction';
import type { PostgresqlConnections } from './connections';
import { postgresqlDialect } from './dialect';
import { classifyPostgresqlError, isCancelledByRequest, isConnectionFault } from './errors/classify';
import { reasonOn } from './managed-client';
import type { Replicas } from './replicas';
import { begin, canCommitAlone, commitWith, runObserved, sendInTransaction, sendStatements } from './send-statements';
import { PostgresqlTransaction } from './transaction';
import type { TransactionWithSavepoints } from './transaction-with-savepoints';

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
      let result;
      let last: readonly Statement[];
      let needsSequencing: boolean;
      try {
        const tx = new TransactionHandle(postgresqlDialect, (statements, isReading) =>
          sendInTransaction(transaction, statements, isReading, observe),
        );
        result = await work(tx);
        beforeCommit?.(tx.changes);
        last = [...tx.takePending(), ...writeChanges(postgresqlDialect, tx.changes)];
        needsSequencing = tx.needsSequencing;
        const isAlone = !transaction.hasBegun && canCommitAlone(transaction.client, last);
        if (!isAlone) await begin(transaction, observe);
      } catch (error) {
        // Ignores an error of the rollback, because the first error is the one to report.
        await transaction.rollback(!isConnectionFault(error)).catch(() => undefined);
        throw reasonOn(transaction.client, error);
      }
      await commitWith(transaction, last, observe);
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
        // Keeps the replica in use after INVALID_INPUT and CONFLICT: the statement, or a conflict with replication, has
        // caused the error.
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
        const tx = new TransactionHandle(postgresqlDialect, (statements) =>
          sendStatements(client, statements, observe),
        );
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
