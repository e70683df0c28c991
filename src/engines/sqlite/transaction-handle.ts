import { shouldYield, yieldToEventLoop } from '../../runtime/event-loop';
import { TransactionHandle } from '../../runtime/transaction-handle';
import type { Statement, StatementResult } from '../../sql/statement';
import { sqliteDialect } from './dialect';

/**
 * Creates the handle of an operation on the writing connection. No other call uses the connection meanwhile. A long
 * operation lets other work of the process run between two statements.
 *
 * @param run - runs one statement on the connection.
 */
export function createSqliteHandle(run: (statement: Statement) => StatementResult): TransactionHandle {
  return new TransactionHandle(sqliteDialect, async (statements) => {
    const results: StatementResult[] = [];
    for (const statement of statements) {
      if (shouldYield()) await yieldToEventLoop();
      results.push(run(statement));
    }
    return results;
  });
}
