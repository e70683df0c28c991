import type { PoolClient } from 'pg';
import { observeControl } from '../../runtime/observe-control';
import type { Statement, StatementResult } from '../../sql/statement';
import type { StatementObserver } from '../../storage/executor';
import { runStatement } from './connections';
import { beginStatement, commitStatement } from './control-statements';
import { canBeBatch, isFresh, runBatch, type CommandResult } from './statement-batch';
import type { PostgresqlTransaction } from './transaction';

/** Statement that is reported in place of `beginStatement`, as `observeControl` reports it. */
const shortBegin: Statement = { sql: 'BEGIN', args: [] };

/** Runs one statement, and reports the result to `observe`. */
export async function runObserved(
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

/**
 * Sends statements together, without waiting for responses, and returns their results. Sends the statements as one
 * batch if the connection has prepared all of them.
 */
export async function sendStatements(
  client: PoolClient,
  statements: readonly Statement[],
  observe?: StatementObserver,
): Promise<readonly StatementResult[]> {
  if (statements.length > 1 && canBeBatch(client, statements)) return sendBatch(client, statements, observe);
  const sent = statements.map((statement) => runObserved(client, statement, observe));
  // Waits until all statements have ended, before the transaction continues or is rolled back.
  await Promise.allSettled(sent);
  // Rejects with the error of the first failed statement, because the later errors are consequences.
  return Promise.all(sent);
}

/**
 * Sends the statements of an operation, as {@link sendStatements} does. Sends BEGIN with the first ones.
 *
 * @param isReading - true when none of the statements changes anything.
 */
export async function sendInTransaction(
  transaction: PostgresqlTransaction,
  statements: readonly Statement[],
  isReading: boolean,
  observe?: StatementObserver,
): Promise<readonly StatementResult[]> {
  const { client } = transaction;
  if (!transaction.hasBegun && canBeBatch(client, statements)) {
    const all = [beginStatement, ...statements];
    return (await transaction.beginWith(() => sendBatch(client, all, observe))).slice(1);
  }
  const begun = begin(transaction, observe);
  // If BEGIN fails, a write that was already sent would be committed at once. So the write waits for BEGIN.
  if (!isReading) await begun;
  const sent = sendStatements(client, statements, observe);
  await Promise.allSettled([begun, sent]);
  await begun;
  return sent;
}

/** Sends BEGIN if the transaction has not begun yet. Resolves when the transaction has begun. */
export function begin(transaction: PostgresqlTransaction, observe?: StatementObserver): Promise<unknown> {
  if (transaction.hasBegun) return transaction.begin();
  const begun = observeControl(observe, 'BEGIN', () => transaction.begin());
  // Prevents a second, unhandled rejection. The caller receives the error through the returned promise.
  begun.catch(() => undefined);
  return begun;
}

/** Reports whether the server can run the statements as a whole transaction, without BEGIN and COMMIT. */
export function canCommitAlone(client: PoolClient, statements: readonly Statement[]): boolean {
  return isFresh(client) && canBeBatch(client, statements);
}

/**
 * Sends the last statements of an operation, and commits its transaction. A transaction that has not begun consists of
 * these statements alone: {@link canCommitAlone} must return true for them.
 */
export async function commitWith(
  transaction: PostgresqlTransaction,
  last: readonly Statement[],
  observe?: StatementObserver,
): Promise<void> {
  const { client } = transaction;
  if (!transaction.hasBegun) {
    await transaction.commitAlone(() => sendBatch(client, last, observe));
    return;
  }
  if (canBeBatch(client, last)) {
    const all = [...last, commitStatement];
    await transaction.commitWith(async () => (await sendBatch(client, all, observe)).at(-1)?.command);
    return;
  }
  const sendLast = () => [sendStatements(client, last, observe)];
  await observeControl(observe, 'COMMIT', () => transaction.commit(sendLast));
}

async function sendBatch(
  client: PoolClient,
  statements: readonly Statement[],
  observe: StatementObserver | undefined,
): Promise<readonly CommandResult[]> {
  if (observe === undefined) return runBatch(client, statements);
  const start = performance.now();
  return runBatch(client, statements, (results) => {
    const durationMs = performance.now() - start;
    for (const [place, statement] of statements.entries()) {
      const result = results[place];
      if (result !== undefined) observe(statement === beginStatement ? shortBegin : statement, result, durationMs);
    }
  });
}
