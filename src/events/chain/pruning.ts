import { SetDigest } from './set-digest';

/** Part of a checkpoint that the pruning entry repeats, so that a moved or edited checkpoint is detected. */
export interface CompactedBeginning {
  /** Sequence number of the last entry that the checkpoint replaced. */
  readonly sequence: number;
  /** Number of events that had been pruned by then. */
  readonly events: number;
  /** Time in milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * Content of a pruning entry, which commits to everything that was removed from the chain until then. Removed entries
 * are marked; a checkpoint replaces the marked entries at the beginning of the chain. The digests always satisfy:
 * `removed` = `compacted` + the marked entries that are still in the chain. An entry that is marked and replaced in one
 * step is in neither digest.
 */
export interface Pruning {
  /** Time in milliseconds since 1970; earlier events were pruned. */
  readonly before: number;
  /** Number of events pruned since the beginning. */
  readonly events: number;
  /** Number of marked entries in the chain, including pruning entries. */
  readonly marked: number;
  /** Digest of the sequence numbers of the entries that were removed. */
  readonly removed: string;
  /** Digest of the sequence numbers of the removed entries that a checkpoint replaced. */
  readonly compacted: string;
  /** Last checkpoint; null before there is one. */
  readonly beginning: CompactedBeginning | null;
}

const noMembers = new SetDigest().toString();

/** State of a chain from which nothing was removed. */
export const noPruning: Pruning = {
  before: 0,
  events: 0,
  marked: 0,
  removed: noMembers,
  compacted: noMembers,
  beginning: null,
};

/** Parses the content of a pruning entry; undefined for content that this package did not write. */
export function parsePruning(details: unknown): Pruning | undefined {
  if (typeof details !== 'string') return undefined;
  try {
    // Checked below; the digest of the entry covers the rest.
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

/** Entries that one step removed from the chain. */
export interface Removal {
  readonly before: number;
  readonly events: number;
  /** Sequence numbers of the entries that the step marked. */
  readonly marked: readonly number[];
  /** Sequence numbers of the marked entries that a checkpoint replaced. */
  readonly compacted: readonly number[];
  readonly beginning: CompactedBeginning | null;
}

/**
 * Returns the content of the pruning entry at `sequence`.
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
