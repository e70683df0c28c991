import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../errors/failure';
import type { Row } from '../../sql/statement';
import type { Executor } from '../../storage/executor';
import type { Transaction } from '../../storage/transaction';
import { readHead } from './append-entries';
import { linkAfter } from './hashing';
import { hasPendingEntries, pendingStatements } from './pending-statements';

/**
 * Maximum number of pending entries that one statement appends to the event chain. Hashing more entries would block the
 * process for too long.
 */
const batchSize = 2000;

/** Time in milliseconds between two attempts to lock the event chain. */
const retryMs = 10;

/** Maximum time in milliseconds that a call waits while other processes append to the event chain. */
const callPatienceMs = 1000;

/** Pending entry, as `selectBatch` returns it. `isKept` is false for a mitigation whose event was pruned meanwhile. */
type PendingRow = readonly [id: number, eventId: string, kind: string, digest: string, isKept: boolean];

/**
 * Appends the committed pending entries to the event chain, in the order of their ids, in batches. Each batch is a
 * separate transaction. Does nothing on an engine without pending entries.
 *
 * @param patienceMs - time in milliseconds to wait while another transaction has locked the chain.
 * @returns false when the chain stayed locked for `patienceMs`.
 * @throws READ_ONLY when entries are pending and the server or the connection is read-only.
 */
export async function sequencePending(executor: Executor, patienceMs: number): Promise<boolean> {
  if (!hasPendingEntries(executor.dialect)) return true;
  const { selectFirst, tryLock } = pendingStatements(executor.dialect);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    // The cast is safe: `selectFirst` selects an id and a boolean.
    const [first] = (await executor.query(selectFirst)) as readonly (readonly [id: number, isReadOnly: boolean])[];
    if (first === undefined) return true;
    if (first[1]) throw new Failure('READ_ONLY', 'events cannot be appended to the chain on a read-only connection');
    const count = await executor.withTransaction(async (tx) => {
      const [[isFree] = []] = await tx.query(tryLock);
      return isFree === true ? sequenceBatch(tx, Date.now()) : undefined;
    });
    if (count === undefined) {
      if (performance.now() >= deadline) return false;
      await sleep(retryMs);
    } else if (count < batchSize) {
      return true;
    }
  }
}

/**
 * Appends the pending entries to the event chain like {@link sequencePending}, but ignores every failure. Use it when
 * the entries need not be appended at once.
 */
export async function trySequencePending(executor: Executor): Promise<void> {
  await sequencePending(executor, callPatienceMs).catch(() => undefined);
}

/** Appends all pending entries that the transaction sees to the event chain. Call `lockChain` first. */
export async function sequenceInside(tx: Transaction, now: number): Promise<void> {
  if (!hasPendingEntries(tx.dialect)) return;
  while ((await sequenceBatch(tx, now)) === batchSize);
}

/**
 * Appends the first pending entries to the event chain, which the transaction must have locked. Returns the number of
 * entries that are no longer pending.
 */
async function sequenceBatch(tx: Transaction, now: number): Promise<number> {
  const statements = pendingStatements(tx.dialect);
  // The cast is safe: `selectBatch` selects the columns of `PendingRow`.
  const rows = (await tx.query(statements.selectBatch({ limit: batchSize }))) as readonly (Row & PendingRow)[];
  if (rows.length === 0) return 0;
  const start = await readHead(tx, now);
  let link = start;
  const recorded = new Set<string>();
  const places: [id: string, position: number, hash: string][] = [];
  const orphans: string[] = [];
  for (const [id, eventId, kind, digest, isKept] of rows) {
    if (kind === 'RECORDED') recorded.add(eventId);
    if (!isKept && !recorded.has(eventId)) {
      orphans.push(String(id));
      continue;
    }
    link = linkAfter(link, digest);
    places.push([String(id), link.sequence - start.sequence, link.hash]);
  }
  const moved = places.length === 0 ? 0 : await tx.execute(statements.append(start.sequence, places));
  // Prevents a gap in the chain: another program may have deleted pending entries, or a row security policy may hide
  // them.
  if (moved !== places.length) throw new Failure('CONFLICT', 'pending entries of the event chain were changed');
  if (orphans.length > 0) tx.executeAtCommit([statements.remove({ ids: JSON.stringify(orphans) })]);
  return rows.length;
}
