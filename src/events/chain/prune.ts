import { protectedRow } from '../../errors/failure';
import type { Row } from '../../sql/statement';
import type { Executor } from '../../storage/executor';
import type { Transaction } from '../../storage/transaction';
import { appendEntries, lockChain, lockHead } from './append-entries';
import { pruningEntry } from './hashing';
import { chainStatements } from './statements';
import { findCompactable, maxCompaction, replaceByCheckpoint } from './compact';
import { sequenceInside } from './sequence';
import { nextPruning, noPruning, parsePruning, type Pruning } from './pruning';

/** Options of pruning one batch of security events. */
export interface PruneBatch {
  /** Time in milliseconds since 1970. Earlier events are pruned. */
  readonly before: number;
  readonly size: number;
}

/** Result of pruning one batch of security events. */
interface PruneOutcome {
  readonly events: number;
  /** True when there may be more events to prune. */
  readonly hasMore: boolean;
}

/**
 * Prunes all security events that are older than `batch.before`, in several transactions. Returns the number of pruned
 * events.
 */
export async function pruneAllEvents(executor: Executor, batch: PruneBatch, now: () => number): Promise<number> {
  for (let count = 0; ;) {
    const nowMs = now();
    const { events, hasMore } = await executor.withTransaction((tx) => pruneEvents(tx, batch, nowMs));
    count += events;
    if (!hasMore) return count;
  }
}

/**
 * Prunes a batch of security events. Marks their chain entries as pruned; the entries keep their digests and hashes.
 * Replaces the marked entries at the beginning of the event chain by a checkpoint. Adds a pruning entry with digests of
 * all removed entries. The verification can then detect that other entries were removed, or that a removed entry was
 * put back.
 *
 * @param now - time in milliseconds since 1970.
 */
async function pruneEvents(tx: Transaction, { before, size }: PruneBatch, now: number): Promise<PruneOutcome> {
  await lockChain(tx);
  const prunable = await tx.query(chainStatements(tx.dialect).selectPrunable({ before, limit: size }));
  const events = prunable.length;
  // Appends the pending entries first, because only entries in the event chain can be marked as pruned.
  if (events > 0) await sequenceInside(tx, now);
  const marked = events > 0 ? await removeEvents(tx, prunable) : [];
  const compactable = await findCompactable(tx, events > 0);
  const link = compactable.at(-1);
  if (events === 0 && link === undefined) return { events, hasMore: false };

  const head = await lockHead(tx, now);
  const last = await readPruning(tx);
  const total = last.events + events;
  if (link !== undefined) replaceByCheckpoint(tx, link, { events: total, createdAt: now });
  const beginning = link === undefined ? null : { sequence: link.sequence, events: total, createdAt: now };
  const compacted = compactable.map(({ sequence }) => sequence);
  const pruning = nextPruning(last, { before, events, marked, compacted, beginning }, head.sequence + 1);
  tx.executeAtCommit([appendEntries(tx.dialect, head, [pruningEntry(JSON.stringify(pruning), now)]).statement]);
  return { events, hasMore: events === size || compacted.length === maxCompaction };
}

/** Deletes events and marks their chain entries as pruned. Returns the sequence numbers of these entries. */
async function removeEvents(tx: Transaction, events: readonly Row[]): Promise<readonly number[]> {
  const statements = chainStatements(tx.dialect);
  const ids = JSON.stringify(events.map(([id]) => id));
  const rows = await tx.executeReturning(statements.markEntries({ ids }));
  // A row security policy may let the database role see events but not delete them. DELETE then reports no error, and
  // the caller would prune the same batch forever.
  if ((await tx.execute(statements.deleteEvents({ ids }))) < events.length) throw protectedRow();
  // The cast is safe: `markEntries` returns only the sequence number.
  return rows.map(([sequence]) => sequence as number);
}

async function readPruning(tx: Transaction): Promise<Pruning> {
  const [row] = await tx.query(chainStatements(tx.dialect).selectPruning);
  return parsePruning(row?.[1]) ?? noPruning;
}
