import { SetDigest } from './set-digest';

/** The part of a checkpoint that the pruning entry repeats, so that nobody can move or edit the checkpoint unnoticed. */
export interface CompactedBeginning {
  /** The last entry that the checkpoint replaced. */
  readonly sequence: number;
  /** How many events had been pruned by then. */
  readonly events: number;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * Content of a pruning entry, which commits to everything that was removed from the chain until then. Entries that were
 * removed are marked; where nothing else is left at the beginning of the chain, a checkpoint replaces them. The digests
 * always satisfy: `removed` = `compacted` + the marked entries that are still in the chain. An entry that is marked and
 * replaced in one step is in neither.
 */
export interface Pruning {
  /** Events from before this time were pruned, in milliseconds since 1970. */
  readonly before: number;
  /** How many events were pruned since the beginning. */
  readonly events: number;
  /** How many marked entries are in the chain, pruning entries included. */
  readonly marked: number;
  /** Digest of the sequence numbers of the entries that were removed. */
  readonly removed: string;
  /** Digest of the sequence numbers of those that a checkpoint replaced. */
  readonly compacted: string;
  /** The last checkpoint; null before there is one. */
  readonly beginning: CompactedBeginning | null;
}

const noMembers = new SetDigest().toString();

/** The state of a chain from which nothing was removed. */
export const noPruning: Pruning = {
  before: 0,
  events: 0,
  marked: 0,
  removed: noMembers,
  compacted: noMembers,
  beginning: null,
};

/** Parses the content of a pruning entry; undefined for anything that this package did not write. */
export function parsePruning(details: unknown): Pruning | undefined {
  if (typeof details !== 'string') return undefined;
  try {
    // Checked below; the digest of the entry vouches for the rest.
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

/** What one step removed from the chain. */
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
 * @param last - content of the pruning entry before it.
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
