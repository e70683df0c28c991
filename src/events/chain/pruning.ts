import { SetDigest } from './set-digest';

/**
 * Part of a checkpoint that the pruning entry repeats. Therefore the verification detects a checkpoint that was moved
 * or changed.
 */
export interface CompactedBeginning {
  /** Sequence number of the last chain entry that the checkpoint replaced. */
  readonly sequence: number;
  /** Number of security events that had been pruned when the checkpoint was written. */
  readonly events: number;
  /** Time when the checkpoint was written, in milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * Content of a pruning entry. It describes all entries that were removed from the event chain up to then. An entry is
 * removed in two steps: first it is marked as pruned, and later a checkpoint replaces it. The set `removed` contains
 * the entries of both steps, and the set `compacted` only the replaced entries. An entry that one transaction both
 * marks and replaces is in neither set.
 */
export interface Pruning {
  /** Time in milliseconds since 1970. Events before this time were pruned. */
  readonly before: number;
  /** Number of security events that have ever been pruned. */
  readonly events: number;
  /** Number of entries that are marked as pruned and still in the chain, including pruning entries. */
  readonly marked: number;
  /** Digest of the sequence numbers of all entries that were removed from the chain. */
  readonly removed: string;
  /** Digest of the sequence numbers of the removed entries that checkpoints have replaced. */
  readonly compacted: string;
  /** Last checkpoint of the event chain; null before the first checkpoint. */
  readonly beginning: CompactedBeginning | null;
}

const noMembers = new SetDigest().toString();

/** Content of a pruning entry for an event chain from which no entry was removed. */
export const noPruning: Pruning = {
  before: 0,
  events: 0,
  marked: 0,
  removed: noMembers,
  compacted: noMembers,
  beginning: null,
};

/** Parses the content of a pruning entry. Returns undefined for content that this package did not write. */
export function parsePruning(details: unknown): Pruning | undefined {
  if (typeof details !== 'string') return undefined;
  try {
    // The cast is safe, because the code below checks the type of each field.
    const { before, events, marked, removed, compacted, beginning } = JSON.parse(details) as Pruning;
    const numbers = [before, events, marked];
    if (beginning !== null) numbers.push(beginning.sequence, beginning.events, beginning.createdAt);
    const isSound =
      numbers.every(Number.isSafeInteger) && [removed, compacted].every((text) => SetDigest.parse(text) !== undefined);
    return isSound ? { before, events, marked, removed, compacted, beginning } : undefined;
  } catch {
    return undefined;
  }
}

/** Chain entries that one transaction marks as pruned or replaces by a checkpoint. */
export interface Removal {
  readonly before: number;
  readonly events: number;
  /** Sequence numbers of the entries that the transaction marks as pruned. */
  readonly marked: readonly number[];
  /** Sequence numbers of the entries that the transaction replaces by a checkpoint. */
  readonly compacted: readonly number[];
  readonly beginning: CompactedBeginning | null;
}

/**
 * Returns the content of the new pruning entry, whose sequence number is `sequence`.
 *
 * @param last - content of the previous pruning entry.
 */
export function nextPruning(last: Pruning, removal: Removal, sequence: number): Pruning {
  const { before, events, beginning } = removal;
  const compacted = new Set(removal.compacted);
  const marked = new Set(removal.marked);
  return {
    before,
    events: last.events + events,
    marked: last.marked + marked.size + 1 - compacted.size,
    removed: extend(last.removed, [...removal.marked.filter((entry) => !compacted.has(entry)), sequence]),
    compacted: extend(
      last.compacted,
      removal.compacted.filter((entry) => !marked.has(entry)),
    ),
    beginning: beginning ?? last.beginning,
  };
}

function extend(text: string, members: readonly number[]): string {
  const digest = SetDigest.parse(text) ?? new SetDigest();
  for (const member of members) digest.add(member);
  return digest.toString();
}
