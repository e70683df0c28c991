import type { Diagnostics } from '../diagnostics/diagnostics';
import type { StatementObserver } from '../storage/executor';

/** Runs the command that begins or ends a transaction, and reports the command as a statement. */
export async function observeControl<T>(
  observe: StatementObserver | undefined,
  sql: 'BEGIN' | 'COMMIT' | 'ROLLBACK',
  work: () => Promise<T>,
): Promise<T> {
  if (observe === undefined) return work();
  const start = performance.now();
  const result = await work();
  observe({ sql, args: [] }, { rows: [], changes: 0 }, performance.now() - start);
  return result;
}

/** Reports the end of a `db.transaction`. Does nothing when no attempt of the transaction has begun. */
export function reportTransaction(
  diagnostics: Diagnostics,
  { count, isCommitted }: { readonly count: number; readonly isCommitted: boolean },
  name: string | undefined,
  durationMs: number,
): void {
  if (count === 0) return;
  const outcome = isCommitted ? 'commit' : 'rollback';
  diagnostics.transactionEnded({
    ...(name === undefined ? undefined : { name }),
    outcome,
    attempts: count,
    durationMs,
  });
}
