import type { Transaction } from '../../storage/transaction';
import { chainStart, hashOf, noEvent, type ChainLink } from './hashing';
import { chainStatements } from './statements';
import { toRemovedEntry, type RemovedEntry } from './entry-rows';

/**
 * Maximum number of chain entries that one transaction replaces by a checkpoint. Hashing more entries would block the
 * process for too long.
 */
export const maxCompaction = 2000;

/** Entries at the beginning of the event chain that a checkpoint may replace, in the order of the chain. */
export type Compactable = readonly RemovedEntry[];

/**
 * Returns the entries at the beginning of the event chain that are marked as pruned. Stops before a missing entry, and
 * before an entry that was changed or has a wrong hash, so that the verification can report that entry.
 *
 * @param isPruning - true when the transaction prunes events and adds a pruning entry anyway. When false, a single
 * pruning entry is not returned: the transaction would replace one entry and add another.
 */
export async function findCompactable(tx: Transaction, isPruning: boolean): Promise<Compactable> {
  const statements = chainStatements(tx.dialect);
  const rows = await tx.query(statements.selectMarkedBeginning({ limit: maxCompaction }));
  if (rows.length === 0) return [];
  const [checkpoint] = await tx.query(statements.selectCheckpoint);
  // The cast is safe: `selectCheckpoint` selects a sequence number and a hash.
  const [start, hash] = (checkpoint ?? []) as readonly [sequence?: number, hash?: string];
  let link: ChainLink = start === undefined || hash === undefined ? chainStart : { sequence: start, hash };
  const entries: RemovedEntry[] = [];
  for (const row of rows) {
    const entry = toRemovedEntry(row);
    if (!follows(link, entry)) break;
    entries.push(entry);
    link = entry;
  }
  const isWorthwhile = isPruning || entries.length > 1 || entries[0]?.eventId !== noEvent;
  return isWorthwhile ? entries : [];
}

function follows(link: ChainLink, { sequence, digest, hash, isUnchanged }: RemovedEntry): boolean {
  return sequence === link.sequence + 1 && hash === hashOf(link.hash, sequence, digest) && isUnchanged;
}

/**
 * Replaces the entries of the event chain up to a sequence number by a checkpoint.
 *
 * @param events - number of events that have ever been pruned
 */
export function replaceByCheckpoint(
  tx: Transaction,
  { sequence, hash }: ChainLink,
  { events, createdAt }: { readonly events: number; readonly createdAt: number },
): void {
  const statements = chainStatements(tx.dialect);
  tx.executeAtCommit([
    statements.insertCheckpoint({ sequence, hash, count: events, createdAt }),
    statements.deleteCheckpoints({ before: sequence }),
    statements.deleteEntries({ last: sequence }),
  ]);
}
