import type { Statement, StatementResult } from '../../sql/statement';
import type { AsyncRunner } from '../../runtime/run-work';

/**
 * Runs the statements of works on one connection, whose driver sends what it is given without waiting for the answer to
 * what it was given before.
 *
 * @param run - sends one statement.
 * @param begin - sends the beginning of the transaction where that was not done yet, and settles when it has begun:
 * nothing is sent before that changes something.
 */
export function createRunner(
  run: (statement: Statement) => Promise<StatementResult>,
  begin: () => Promise<unknown> = () => Promise.resolve(),
): AsyncRunner {
  return {
    run: async (statement) => {
      await begin();
      return run(statement);
    },
    runAll: async (statements, isLooking) => {
      const begun = begin();
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
