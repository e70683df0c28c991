import type { DatabaseService, TransactionScope } from '../../src';
import { createSignal } from './signal';

/** A transaction that is open until `release` is called. */
export interface HeldTransaction {
  readonly release: () => void;
  readonly outcome: Promise<unknown>;
}

/** Begins a transaction and returns after `begin`. When it is released, it calls `finish` and is committed. */
export async function holdTransaction(
  db: DatabaseService,
  begin: (tx: TransactionScope) => Promise<unknown>,
  finish: (tx: TransactionScope) => unknown = () => 'done',
): Promise<HeldTransaction> {
  const [begun, released] = [createSignal(), createSignal()];
  const outcome = db.transaction(async (tx) => {
    await begin(tx);
    begun.give();
    await released.given;
    return finish(tx);
  });
  // A test may expect the rejection later.
  outcome.catch(() => undefined);
  await Promise.race([begun.given, outcome]);
  return { release: released.give, outcome };
}
