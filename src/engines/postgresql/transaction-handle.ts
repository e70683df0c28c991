import { TransactionHandle } from '../../runtime/transaction-handle';
import type { Statement, StatementResult } from '../../sql/statement';
import { postgresqlDialect } from './dialect';

/**
 * Returns the handle of an operation on a connection. The driver sends statements without waiting for the responses to
 * earlier ones, so the statements of one call take one round trip. A call that writes first waits for the response to
 * BEGIN.
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
    // Waits before a write. If BEGIN failed, a write that was sent after it would be committed at once.
    if (!isReading) await begun;
    const sent = statements.map(run);
    // Waits for all statements before the transaction continues or is rolled back.
    await Promise.allSettled(sent);
    await begun;
    // Rejects with the error of the first failed statement: the later ones failed because of it.
    return Promise.all(sent);
  });
}
