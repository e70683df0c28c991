import type { Statement, StatementResult } from '../../sql/statement';
import type { AsyncRunner } from '../run-work';

/**
 * Runs the statements of works on one connection, whose driver sends what it is given without waiting for the answer to
 * what it was given before.
 *
 * @param run - sends one statement.
 * @param begun - settles when the transaction has begun: nothing is sent before that changes something.
 */
export function createRunner(
  run: (statement: Statement) => Promise<StatementResult>,
  begun?: Promise<unknown>,
): AsyncRunner {
  return {
    run: async (statement) => {
      await begun;
      return run(statement);
    },
    runAll: async (statements, isLooking) => {
      if (!isLooking) await begun;
      const sent = statements.map(run);
      // The transaction goes on, or is rolled back, when nothing is on its way any more.
      await Promise.allSettled(sent);
      await begun;
      // The first that failed: the others failed because of it.
      return Promise.all(sent);
    },
  };
}
