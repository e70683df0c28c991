import type { Statement } from '../../sql/statement';

/** Statement that begins the transaction of a single call. */
export const beginStatement: Statement = { sql: 'BEGIN ISOLATION LEVEL READ COMMITTED', args: [] };

/** Statement that commits a transaction. */
export const commitStatement: Statement = { sql: 'COMMIT', args: [] };

/**
 * Reports whether a statement begins or ends a transaction. In a batch, the server parses such a statement each time:
 * parsing it takes a few microseconds.
 */
export function isControl(statement: Statement): boolean {
  return statement === beginStatement || statement === commitStatement;
}
