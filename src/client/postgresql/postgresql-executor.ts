import type { PoolClient } from 'pg';
import { classifyError } from '../../errors/classify-error';
import { isConnectionFault } from '../../errors/postgresql-failure';
import type { ChangeNote, Row, Statement, StatementResult } from '../../sql/statement';
import type { Executor, StatementObserver } from '../executor';
import type { PrismaClientLoader } from '../prisma-client-loader';
import { keepIn, runWorkAsync, writeNotes } from '../run-work';
import { toNumberedParameters } from './numbered-parameters';
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
      if (replicas === undefined || replica === undefined) return queryOn(primary, statement);
      try {
        return await replicas.ask(replica, (connections) => queryOn(connections, statement));
      } catch (error) {
        const { code } = classifyError(error);
        // It would take as long again.
        if (code === 'TIMEOUT' && !isConnectionFault(error)) throw error;
        // Whatever a replica cannot do, the primary has the last word. It may be the statement, or what it collides with.
        if (code !== 'INVALID_INPUT' && code !== 'CONFLICT') replicas.reportFault(replica);
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
    prisma: (work) => prisma.lend(work, (notes) => writeNotes(postgresqlDialect, notes).map(numbered), observe),
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
    prisma: (work) => transaction.write(() => prisma.lend(work, keepIn(notes), observe)),
  };
}

// As Prisma Client hands it to the driver.
function numbered({ sql, args }: Statement): Statement {
  return { sql: toNumberedParameters(sql), args };
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
