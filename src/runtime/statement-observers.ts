import { AsyncLocalStorage } from 'node:async_hooks';
import type { StatementResult } from '../sql/statement';
import type { StatementObserver } from '../storage/executor';

/** Observers of the statements that Prisma Client sends: it cannot pass them on as an argument. */
export const statementObservers = new AsyncLocalStorage<StatementObserver | undefined>();

/** Reports a statement of Prisma Client to the observer, without its values. */
export function tellObserver(sql: string, result: StatementResult, startMs: number): void {
  statementObservers.getStore()?.({ sql, args: [] }, result, performance.now() - startMs);
}
