import { TransactionHandle } from '../../runtime/transaction-handle';
import type { Statement, StatementResult } from '../../sql/statement';
import { postgresqlDialect } from './dialect';

/**
 * Returns the handle of an operation on a connection. The statements of one call are sent together, without waiting for
 * responses, so they take one round trip. The first call that writes waits for the response to BEGIN.
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
    // If BEGIN fails, a write that was already sent would be committed at once. So the write waits for BEGIN.
    if (!isReading) await begun;
    const sent = statements.map(run);
    // All statements must have ended before the transaction continues or is rolled back.
    await Promise.allSettled(sent);
    await begun;
    // Rejects with the error of the first failed statement, because the later ones fail as a consequence.
    return Promise.all(sent);
  });
}
