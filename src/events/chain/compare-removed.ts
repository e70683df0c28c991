import type { CompactedBeginning, Pruning } from './pruning';
import { SetDigest } from './set-digest';
import type { EventChainBreak } from '../types';

/** Removed part of the event chain: entries that a checkpoint has replaced, and entries that are marked as pruned. */
export interface Removed {
  /** Last checkpoint of the event chain; null when there is none. */
  readonly beginning: CompactedBeginning | null;
  /** Number of the entries that are marked as pruned. `digest` is the digest of their sequence numbers. */
  readonly count: number;
  readonly digest: SetDigest;
}

/**
 * Compares the removed part of the event chain with the content of the last pruning entry. Returns undefined when they
 * agree. The hashes alone do not reveal an entry that was only marked as pruned, or an event that was put back.
 */
export function compareRemoved(pruning: Pruning, removed: Removed): EventChainBreak | undefined {
  const { beginning, count, digest } = removed;
  const [actual, expected] = [beginning?.sequence ?? 0, pruning.beginning?.sequence ?? 0];
  if (actual > expected) return { reason: 'removed' };
  if (actual < expected) return { sequence: actual + 1, reason: 'inserted' };
  const isSame =
    beginning?.events === pruning.beginning?.events && beginning?.createdAt === pruning.beginning?.createdAt;
  if (!isSame) return { sequence: actual, reason: 'changed' };
  if (count < pruning.marked) return { reason: 'inserted' };
  if (count > pruning.marked) return { reason: 'removed' };
  // The number of removed entries is correct. The digest shows whether the correct entries were removed.
  const total = SetDigest.parse(pruning.compacted) ?? new SetDigest();
  total.addAll(digest);
  return total.toString() === pruning.removed ? undefined : { reason: 'removed' };
}
