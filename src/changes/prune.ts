import { protectedRow } from '../errors/failure';
import { repeatInTransactions } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import { readBounds } from './read-feed';
import { changeStatements } from './statements';

/**
 * Prunes the changes that are older than `before`, in several transactions of at most `limit` changes. Returns the
 * number of pruned changes.
 *
 * @param before - time in milliseconds since 1970.
 */
export async function pruneChanges(executor: Executor, before: number, limit = 1000): Promise<number> {
  // A transaction that is still running may have a number after `end`. If the pruning mark passed this number,
  // followers would miss the change. Therefore pruning stops at `end`.
  const { end } = await readBounds(executor);
  return repeatInTransactions(executor, limit, (tx) => pruneOldest(tx, { before, end, limit }));
}

/**
 * Bounds of the changes that one transaction prunes: at most `limit` changes that are older than `before` and not after
 * `end`.
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
