import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConnectionHold } from '../storage/engine';
import type { Session } from '../storage/session';

/**
 * Transaction in whose callback the current code runs. `outer` is the surrounding transaction when transactions of
 * several databases are nested.
 */
interface TransactionContext {
  readonly database: object;
  readonly session: Session;
  readonly hold: ConnectionHold | undefined;
  readonly outer: TransactionContext | undefined;
  isOver: boolean;
}

const contexts = new AsyncLocalStorage<TransactionContext>();

/**
 * Runs the callback of a transaction of `database`. Stores the transaction in the asynchronous context, so that calls
 * inside the callback find it.
 */
export async function runInsideTransaction<T>(
  database: object,
  session: Session,
  hold: ConnectionHold | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const context: TransactionContext = { database, session, hold, outer: contexts.getStore(), isOver: false };
  try {
    return await contexts.run(context, work);
  } finally {
    // The callback may have started work without awaiting it, such as a timer. From now on, such work is outside the
    // transaction.
    context.isOver = true;
  }
}

/** Reports whether the caller is inside the callback of an open transaction of `database`. */
export function isInsideTransaction(database: object): boolean {
  return enclosingTransaction(database) !== undefined;
}

/**
 * Returns the session of the open transaction of `database` in whose callback the caller runs; undefined outside such a
 * callback.
 */
export function enclosingTransaction(database: object): Session | undefined {
  for (let context = contexts.getStore(); context !== undefined; context = context.outer) {
    if (context.database === database && !context.isOver) return context.session;
  }
  return undefined;
}

/** Returns the connection of `pool` that the caller's transaction holds; undefined outside such a transaction. */
export function enclosingHold(pool: object): ConnectionHold | undefined {
  for (let context = contexts.getStore(); context !== undefined; context = context.outer) {
    const { hold, isOver } = context;
    if (hold?.pool === pool && !hold.isReleased && !isOver) return hold;
  }
  return undefined;
}

/**
 * Runs `work` outside all transactions in whose callbacks the caller runs. No callback of a transaction may wait for
 * this work.
 */
export function runOutsideTransactions<T>(work: () => T): T {
  return contexts.exit(work);
}
