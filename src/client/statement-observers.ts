import { AsyncLocalStorage } from 'node:async_hooks';
import type { StatementResult } from '../sql/statement';
import type { StatementObserver } from './executor';

/** Who is told of the statements that Prisma Client sends: it takes no such argument along. */
export const statementObservers = new AsyncLocalStorage<StatementObserver | undefined>();

/** Tells whoever observes Prisma Client of a statement that was run. Its values are not told. */
export function tellObserver(sql: string, result: StatementResult, startMs: number): void {
  statementObservers.getStore()?.({ sql, args: [] }, result, performance.now() - startMs);
}
