import { TransactionHandle } from '../../runtime/transaction-handle';
import type { Statement, StatementResult } from '../../sql/statement';
import { postgresqlDialect } from './dialect';

/**
 * Creates the handle of an operation on a connection. Sends the statements of one call together, without waiting for
 * responses, so that they take one round trip. The first call that writes waits for the response to BEGIN.
 *
 * @param run - sends one statement.
 * @param begin - sends BEGIN if it was not sent yet, and resolves when the transaction has begun.
 */
export function createPostgresqlHandle(
  run: (statement: Statement) => Promise<StatementResult>,
  begin: () => Promise<unknown> = () => Promise.resolve(),
): TransactionHandle {
  return new TransactionHandle(postgresqlDialect, async (statements, isReading) => {
    const begun = begin();
    // Waits for BEGIN before a write. If BEGIN failed, a write that was already sent would be committed at once.
    if (!isReading) await begun;
    const sent = statements.map(run);
    // Waits until all statements have ended, before the transaction continues or is rolled back.
    await Promise.allSettled(sent);
    await begun;
    // Rejects with the error of the first failed statement, because the later errors are consequences.
    return Promise.all(sent);
  });
}
