import type { PoolClient } from 'pg';
import { observeControl } from '../../runtime/observe-control';
import type { Statement, StatementResult } from '../../sql/statement';
import type { StatementObserver } from '../../storage/executor';
import { runStatement } from './connections';
import { writeTogether } from './managed-client';
import { canBeBatch, isFresh, runBatch } from './statement-batch';
import type { PostgresqlTransaction } from './transaction';

/** Runs one statement, and reports it. */
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
 * Sends statements together, without waiting for responses, and returns their results. They are sent as one batch if the
 * connection has prepared all of them.
 */
export async function sendStatements(
  client: PoolClient,
  statements: readonly Statement[],
  observe?: StatementObserver,
): Promise<readonly StatementResult[]> {
  if (statements.length > 1 && canBeBatch(client, statements)) return sendBatch(client, statements, observe);
  const sent = statements.map((statement) => runObserved(client, statement, observe));
  // All statements must have ended before the transaction continues or is rolled back.
  await Promise.allSettled(sent);
  // Rejects with the error of the first failed statement, because the later ones fail as a consequence.
  return Promise.all(sent);
}

/**
 * Sends the statements of an operation, as {@link sendStatements} does. Sends BEGIN before the first ones.
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
  // If BEGIN fails, a write that was already sent would be committed at once. So the write waits for BEGIN.
  if (!isReading) await begin(transaction, observe);
  const [begun, sent] = writeTogether(client, () => [
    begin(transaction, observe),
    sendStatements(client, statements, observe),
  ]);
  await Promise.allSettled([begun, sent]);
  await begun;
  return sent;
}

/** Sends BEGIN if the transaction has not begun yet. Resolves when the transaction has begun. */
export function begin(transaction: PostgresqlTransaction, observe?: StatementObserver): Promise<unknown> {
  if (transaction.hasBegun) return transaction.begin();
  const begun = observeControl(observe, 'BEGIN', () => transaction.begin());
  // The caller receives the error through the returned promise. This handler prevents a second, unhandled rejection.
  begun.catch(() => undefined);
  return begun;
}

/** Reports whether statements can be a transaction by themselves, without BEGIN and COMMIT. */
export function canCommitAlone(client: PoolClient, statements: readonly Statement[]): boolean {
  return isFresh(client) && canBeBatch(client, statements);
}

/**
 * Sends the last statements of an operation, and commits its transaction. If the transaction has not begun, it consists
 * of these statements, for which {@link canCommitAlone} must return true.
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
  const sendLast = () => [sendStatements(client, last, observe)];
  await observeControl(observe, 'COMMIT', () => transaction.commit(sendLast));
}

async function sendBatch(
  client: PoolClient,
  statements: readonly Statement[],
  observe: StatementObserver | undefined,
): Promise<readonly StatementResult[]> {
  const start = performance.now();
  const results = await runBatch(client, statements);
  if (observe === undefined) return results;
  const durationMs = performance.now() - start;
  for (const [place, statement] of statements.entries()) {
    const result = results[place];
    if (result !== undefined) observe(statement, result, durationMs);
  }
  return results;
}
