import type { PoolClient } from 'pg';
import { classifyPostgresqlError, isCancelledByRequest, isConnectionFault } from './errors/failure';
import type { ChangeEntry, Row, Statement, StatementResult } from '../../sql/statement';
import type { Executor, StatementObserver } from '../../storage/executor';
import type { PrismaClientLoader } from '../../runtime/prisma-client-loader';
import { keepIn, runToEnd, runWorkAsync, insertChangeEntries } from '../../runtime/run-work';
import { toNumbered } from './numbered-parameters';
import { runStatement, type PostgresqlConnections } from './connections';
import { postgresqlDialect } from './dialect';
import { createRunner } from './pipeline';
import { PostgresqlTransaction, type TransactionWithSavepoints } from './transaction';
import type { Replicas } from './replicas';
import { canBeBatch, runBatch } from './statement-batch';

/** Runs statements on a database: reads each on its own, writes in transactions of their own. */
export function createPostgresqlExecutor(
  primary: PostgresqlConnections,
  prisma: PrismaClientLoader,
  observe?: StatementObserver,
): Executor {
  return {
    dialect: postgresqlDialect,
    query: (statement) => queryOn(primary, statement, observe),
    atomic: async (work) => {
      const transaction = await PostgresqlTransaction.open(primary, 'READ COMMITTED');
      const { client } = transaction;
      const run = (statement: Statement): Promise<StatementResult> => runObserved(client, statement, observe);
      let result;
      let last: readonly Statement[];
      let isAlone: boolean;
      try {
        const ending = await runToEnd(
          work(),
          createRunner(run, () => transaction.begin()),
        );
        result = ending.result;
        last = [...ending.last, ...insertChangeEntries(postgresqlDialect, ending.notes)];
        isAlone = !transaction.hasBegun && canBeBatch(client, last);
        if (!isAlone) await transaction.begin();
      } catch (error) {
        // It is this error that is to be reported.
        await transaction.rollback(!isConnectionFault(error)).catch(() => undefined);
        throw error;
      }
      if (isAlone) await transaction.commitAlone(() => runBatchObserved(client, last, observe));
      else await transaction.commit(() => last.map(run));
      return result;
    },
    prisma: (work) =>
      prisma.lend(work, (notes) => insertChangeEntries(postgresqlDialect, notes).map(numbered), observe),
  };
}

/**
 * Runs reads on the replicas in turn, and on the primary when no replica can run them. Runs everything else on the
 * primary.
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
        // A retry would take as long again, or defeat a deliberate cancellation.
        if (code === 'TIMEOUT' && !isConnectionFault(error)) throw error;
        if (isCancelledByRequest(error)) throw error;
        // When a replica cannot run a read, the primary decides: the cause may be the statement, or a conflict on the
        // replica.
        if (code !== 'INVALID_INPUT' && code !== 'CONFLICT') replicas.reportFault(replica);
        return primary.query(statement);
      }
    },
  };
}

/**
 * Runs statements inside a transaction; an atomic group that fails leaves nothing.
 *
 * @param notes - where notes of changes are kept until the commit.
 */
export function createPostgresqlTransactionExecutor(
  transaction: TransactionWithSavepoints,
  prisma: PrismaClientLoader,
  notes: ChangeEntry[],
  observe?: StatementObserver,
): Executor {
  return {
    dialect: postgresqlDialect,
    query: async (statement) => {
      const { rows } = await transaction.read((client) => runObserved(client, statement, observe));
      return rows;
    },
    atomic: (work) =>
      transaction.write((client) =>
        runWorkAsync(
          work(),
          notes,
          createRunner((statement) => runObserved(client, statement, observe)),
        ),
      ),
    prisma: (work) => transaction.write(() => prisma.lend(work, keepIn(notes), observe)),
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

// As Prisma Client hands it to the driver.
function numbered({ sql, args }: Statement): Statement {
  return { sql: toNumbered(sql), args };
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
