import { AsyncLocalStorage } from 'node:async_hooks';
import type { StatementObserver } from './executor';

/** Who is told of the statements that Prisma Client sends: it takes no such argument along. */
export const statementObservers = new AsyncLocalStorage<StatementObserver | undefined>();
