import type { PoolClient } from 'pg';
import type { ChangeNote, Row, Statement, StatementResult } from '../../sql/statement';
import type { Executor, StatementObserver } from '../executor';
import type { PrismaClientLoader } from '../prisma-client-loader';
import { runWorkAsync, writeNotes } from '../run-work';
import { runStatement, type PostgresqlConnections } from './postgresql-connections';
import { postgresqlDialect } from './postgresql-dialect';
import { PostgresqlTransaction, type DividedTransaction } from './postgresql-transaction';
import type { Replicas } from './replicas';

interface ExecutorOptions {
  readonly observe?: StatementObserver | undefined;
  /** Where reads may be answered, too. */
  readonly replicas?: Replicas | undefined;
}

/** Runs statements on a database: reads each on its own, writes in transactions of their own. */
export function createPostgresqlExecutor(
  primary: PostgresqlConnections,
  prisma: PrismaClientLoader,
  { observe, replicas }: ExecutorOptions,
): Executor {
  const queryOn = async (connections: PostgresqlConnections, statement: Statement): Promise<readonly Row[]> => {
    const { rows } = await connections.withClient((client) => runObserved(client, statement, observe));
    return rows;
  };
  return {
    dialect: postgresqlDialect,
    query: async (statement) => {
      const replica = await replicas?.choose();
      if (replica === undefined) return queryOn(primary, statement);
      try {
        return await queryOn(replica.connections, statement);
      } catch {
        // Whatever a replica cannot do, the primary has the last word.
        replicas?.reportFault(replica);
        return queryOn(primary, statement);
      }
    },
    atomic: async (work) => {
      const transaction = await PostgresqlTransaction.begin(primary, 'READ COMMITTED');
      let result;
      try {
        const run = (statement: Statement): Promise<StatementResult> =>
          runObserved(transaction.client, statement, observe);
        const notes: ChangeNote[] = [];
        result = await runWorkAsync(work(), notes, run);
        for (const statement of writeNotes(postgresqlDialect, notes)) await run(statement);
      } catch (error) {
        // It is this error that is to be reported.
        await transaction.rollback().catch(() => undefined);
        throw error;
      }
      await transaction.commit();
      return result;
    },
    prisma: (work) => prisma.lend(work, observe),
  };
}

/**
 * Runs statements inside a transaction; an atomic group that fails leaves nothing.
 *
 * @param notes - where notes of changes are kept until the commit.
 */
export function createPostgresqlTransactionExecutor(
  transaction: DividedTransaction,
  prisma: PrismaClientLoader,
  notes: ChangeNote[],
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
        runWorkAsync(work(), notes, (statement) => runObserved(client, statement, observe)),
      ),
    prisma: (work) => transaction.write(() => prisma.lend(work, observe)),
  };
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
