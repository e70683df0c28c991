import type { CompactedBeginning, Pruning } from './pruning';
import { SetDigest } from './set-digest';
import type { EventChainBreak } from './types';

/** What is missing from a chain as it is stored. */
export interface Removed {
  /** The last checkpoint; null where there is none. */
  readonly beginning: CompactedBeginning | null;
  /** How many marked entries there are, and the digest of their sequence numbers. */
  readonly count: number;
  readonly digest: SetDigest;
}

/**
 * Compares what is missing with what the last pruning entry commits to: an entry that was only marked as removed, or an
 * event that was put back, stands in the chain of hashes as well as any other.
 */
export function compareRemoved(pruning: Pruning, removed: Removed): EventChainBreak | undefined {
  const { beginning, count, digest } = removed;
  const [last, told] = [beginning?.sequence ?? 0, pruning.beginning?.sequence ?? 0];
  if (last > told) return { reason: 'removed' };
  if (last < told) return { sequence: last + 1, reason: 'inserted' };
  const isSame =
    beginning?.events === pruning.beginning?.events && beginning?.createdAt === pruning.beginning?.createdAt;
  if (!isSame) return { sequence: last, reason: 'changed' };
  if (count < pruning.marked) return { reason: 'inserted' };
  if (count > pruning.marked) return { reason: 'removed' };
  // As many are missing as should be, but others.
  const total = SetDigest.parse(pruning.compacted) ?? new SetDigest();
  total.addAll(digest);
  return total.toString() === pruning.removed ? undefined : { reason: 'removed' };
}
