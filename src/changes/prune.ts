import { protectedRow } from '../errors/failure';
import { repeatInTransactions } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import { readBounds } from './read-feed';
import { changeStatements } from './statements';

/**
 * Deletes the changes that are older than `before` from the change feed. Each transaction deletes at most `limit`
 * changes. Returns the number of deleted changes.
 *
 * @param before - time in milliseconds since 1970.
 */
export async function pruneChanges(executor: Executor, before: number, limit = 1000): Promise<number> {
  // Stops at `end`: a transaction that is still running may add a change after it. Followers would miss that change if
  // the pruning mark passed its number.
  const { end } = await readBounds(executor);
  return repeatInTransactions(executor, limit, (tx) => pruneOldest(tx, { before, end, limit }));
}

/**
 * Limits for one transaction that prunes the change feed. It deletes at most `limit` changes that are older than
 * `before` and not after `end`.
 */
interface Prunable {
  readonly before: number;
  readonly end: number;
  readonly limit: number;
}

async function pruneOldest(tx: Transaction, { before, end, limit }: Prunable): Promise<number> {
  const statements = changeStatements(tx.dialect);
  if (statements.lockPruning !== undefined) await tx.query(statements.lockPruning);
  const [row] = await tx.query(statements.selectPrunable({ before, end, limit }));
  const [count, last] = row ?? [];
  if (typeof last !== 'number') return 0;
  tx.executeAtCommit([statements.markPruned({ last })]);
  const deleted = await tx.execute(statements.deletePruned({ last }));
  // A row security policy may let the database role see changes but not delete them. DELETE then reports no error.
  if (deleted < Number(count)) throw protectedRow();
  tx.executeAtCommit([statements.deleteOlderMarks({ last })]);
  return Number(count);
}
