import { AsyncLocalStorage } from 'node:async_hooks';

/** A connection of a pool that a transaction keeps until its end. */
export interface ConnectionHold {
  readonly pool: object;
  isReleased: boolean;
}

/** Which databases the present chain of calls is in a transaction of; transactions of several may be nested. */
interface TransactionContext {
  readonly database: object;
  readonly hold: ConnectionHold | undefined;
  readonly outer: TransactionContext | undefined;
  isOver: boolean;
}

const contexts = new AsyncLocalStorage<TransactionContext>();

/** Runs the callback of a transaction of `database`, so that calls from inside it can be told from others'. */
export async function runInsideTransaction<T>(
  database: object,
  hold: ConnectionHold | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const context: TransactionContext = { database, hold, outer: contexts.getStore(), isOver: false };
  try {
    return await contexts.run(context, work);
  } finally {
    // Work that the callback left behind, on a timer say, is outside from here on.
    context.isOver = true;
  }
}

/** Whether the caller is inside the callback of a transaction of `database` that is open still. */
export function isInsideTransaction(database: object): boolean {
  for (let context = contexts.getStore(); context !== undefined; context = context.outer) {
    if (context.database === database && !context.isOver) return true;
  }
  return false;
}

/** Returns the connection of `pool` that a transaction around the caller holds; undefined where none does. */
export function enclosingHold(pool: object): ConnectionHold | undefined {
  for (let context = contexts.getStore(); context !== undefined; context = context.outer) {
    const { hold, isOver } = context;
    if (hold?.pool === pool && !hold.isReleased && !isOver) return hold;
  }
  return undefined;
}

/** Runs work that no callback of a transaction waits for, whoever happens to begin it. */
export function runOutsideTransactions<T>(work: () => T): T {
  return contexts.exit(work);
}
