import { Failure } from '../../errors/failure';
import { shouldYield, yieldToEventLoop } from '../../runtime/event-loop';
import type { Dialect } from '../../sql/dialect';
import { withBounds, type Row } from '../../sql/statement';
import { chainStart, hashOf, noEvent, type ChainLink } from './hashing';
import type { ChainReader } from './reader';
import { verificationStatements } from './verification-statements';
import { compareRemoved, type Removed } from './compare-removed';
import { diagnoseBreak } from './diagnose-break';
import { toStoredEntry, type StoredEntry } from './entry-rows';
import { ExpectedHead } from './expected-head';
import { noPruning, parsePruning, type CompactedBeginning, type Pruning } from './pruning';
import { SetDigest } from './set-digest';
import type { Query } from '../../storage/transaction';
import type { EventChainBreak, EventChainVerification } from '../types';

const batchSize = 500;

/** Maximum size of a batch of chain entries. Reads smaller batches if the entries exceed this size. */
const batchBounds = { maxLength: 2_097_152, maxValues: Infinity };

/** Head, last checkpoint and last pruning of the event chain at one moment. */
interface ChainState {
  readonly head: ChainLink;
  readonly checkpoint: (ChainLink & { readonly events: number; readonly createdAt: number }) | undefined;
  /** Sequence number of the last pruning entry; null without a pruning. */
  readonly pruning: number | null;
  /** Sequence number of the first entry; null in an empty chain. */
  readonly first: number | null;
  /** Number of entries that are not in the chain yet. */
  readonly pending: number;
}

/** Progress of the verification of the event chain. */
interface Progress {
  link: ChainLink;
  entries: number;
  /** Number of entries that are marked as pruned. `markedDigest` is the digest of their sequence numbers. */
  marked: number;
  readonly markedDigest: SetDigest;
  /** Content of the last pruning entry that was read. */
  pruning: Pruning;
}

/**
 * Verifies the event chain from its beginning to its present head. Then searches for events that are not in the chain.
 * Each query may see a later state than the query before. Entries that are added meanwhile come after that head, so
 * they do not matter. The verification takes concurrent pruning into account.
 *
 * @param expected - entry or checkpoint that the chain must contain.
 */
export async function verifyChain(
  dialect: Dialect,
  query: Query,
  expected?: ChainLink,
): Promise<EventChainVerification> {
  const chain: ChainReader = { query, statements: verificationStatements(dialect) };
  const state = await readState(chain);
  const link = state.checkpoint ?? chainStart;
  const progress: Progress = { link, entries: 0, marked: 0, markedDigest: new SetDigest(), pruning: noPruning };
  const expectedHead = new ExpectedHead(expected);
  const found =
    findBefore(state) ??
    expectedHead.compare(link) ??
    (await walk(chain, state.head, progress, expectedHead)) ??
    expectedHead.findCut(state.head) ??
    (await compareMarked(chain, state, progress)) ??
    (await findUnrecorded(chain)) ??
    findEmptied(state) ??
    expectedHead.findUnproven();
  const { entries } = progress;
  const { head, checkpoint, pending } = state;
  if (found !== undefined) return { valid: false, entries, pending, break: found };
  const result = { valid: true, entries, pending, head } as const;
  if (checkpoint === undefined || checkpoint.sequence === 0) return result;
  const { sequence, hash, events, createdAt } = checkpoint;
  return { ...result, checkpoint: { sequence, hash, count: events, createdAt: new Date(createdAt) } };
}

/** Returns a break for an entry before the beginning of the chain, where the verification does not read it. */
function findBefore({ first, checkpoint }: ChainState): EventChainBreak | undefined {
  const isBefore = first !== null && first <= (checkpoint?.sequence ?? chainStart.sequence);
  return isBefore ? { sequence: first, reason: 'inserted' } : undefined;
}

/**
 * Returns a break when all entries were deleted. A chain with a checkpoint always has an entry: the first checkpoint is
 * written together with the first entry. A pruning never removes its own entry.
 */
function findEmptied({ first, checkpoint }: ChainState): EventChainBreak | undefined {
  return first === null && checkpoint !== undefined
    ? { sequence: checkpoint.sequence + 1, reason: 'removed' }
    : undefined;
}

async function walk(
  chain: ChainReader,
  head: ChainLink,
  progress: Progress,
  expected: ExpectedHead,
): Promise<EventChainBreak | undefined> {
  for (let size = batchSize; progress.link.sequence < head.sequence; size = Math.min(2 * size, batchSize)) {
    const after = progress.link.sequence;
    const [rows, limit] = await readBatch(chain, { after, last: head.sequence, limit: size });
    size = limit;
    for (const row of rows) {
      const entry = toStoredEntry(row);
      if (entry.sequence !== progress.link.sequence + 1) break;
      const found = (await checkEntry(chain, progress.link, entry)) ?? expected.compare(entry);
      if (found !== undefined) return found;
      progress.link = entry;
      progress.entries += 1;
      if (entry.kind === 'PRUNED') addMarked(progress, entry);
    }
    if (shouldYield()) await yieldToEventLoop();
    if (progress.link.sequence >= head.sequence || progress.link.sequence === after + limit) continue;
    // An entry is missing, unless a pruning has meanwhile replaced this entry and all earlier ones by a checkpoint.
    const { checkpoint } = await readState(chain);
    const missing = progress.link.sequence + 1;
    if (checkpoint === undefined || checkpoint.sequence < missing) return { sequence: missing, reason: 'removed' };
    progress.link = checkpoint;
    const found = expected.compare(checkpoint);
    if (found !== undefined) return found;
  }
  return undefined;
}

function addMarked(progress: Progress, { sequence, eventId, details }: StoredEntry): void {
  progress.marked += 1;
  progress.markedDigest.add(sequence);
  if (eventId === noEvent) progress.pruning = parsePruning(details) ?? noPruning;
}

/** Returns a batch of entries, and the maximum number of its entries. Lowers `limit` when the entries are too long. */
async function readBatch(
  chain: ChainReader,
  place: { readonly after: number; readonly last: number; readonly limit: number },
): Promise<readonly [rows: readonly Row[], limit: number]> {
  const { limit } = place;
  const statement = chain.statements.selectBatch(place);
  // Reads a single entry without a maximum size, so that an entry of any length can be verified.
  if (limit === 1) return [await chain.query(statement), limit];
  try {
    return [await chain.query(withBounds(batchBounds, statement)), limit];
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'RESULT_TOO_LARGE') throw error;
    return readBatch(chain, { ...place, limit: Math.ceil(limit / 8) });
  }
}

async function checkEntry(
  chain: ChainReader,
  previous: ChainLink,
  entry: StoredEntry,
): Promise<EventChainBreak | undefined> {
  const { sequence, eventId, digest } = entry;
  const place = { sequence, ...(eventId === noEvent ? undefined : { eventId }) };
  if (entry.hash !== hashOf(previous.hash, sequence, digest)) {
    const reason = await diagnoseBreak(chain, previous, entry);
    // A removed entry is reported without an event id: another entry may have its sequence number now.
    return reason === 'removed' ? { sequence, reason } : { ...place, reason };
  }
  if (entry.lacksEvent) return { ...place, reason: 'removed' };
  const isUnchanged = entry.isSound && (entry.contentDigest ?? digest) === digest;
  if (!isUnchanged) return { ...place, reason: 'changed' };
  return undefined;
}

/** Compares the entries that are marked as pruned, and the checkpoint, with the content of the last pruning entry. */
async function compareMarked(
  chain: ChainReader,
  before: ChainState,
  { pruning, marked: count, markedDigest: digest }: Progress,
): Promise<EventChainBreak | undefined> {
  const { pruning: last } = await readState(chain);
  if (last === before.pruning)
    return compareRemoved(pruning, { beginning: toBeginning(before.checkpoint), count, digest });
  // Events were pruned during the verification, so the counts belong to different states. Reads all values again in one
  // statement.
  const [row] = await chain.query(chain.statements.selectMarked);
  // The cast is safe: `selectMarked` selects these columns. The columns of the checkpoint are null together.
  const [details, sequence, events, createdAt, runs] = row as readonly [
    details: string | null,
    sequence: number | null,
    events: number,
    createdAt: number,
    runs: string,
  ];
  const checkpoint = sequence === null ? undefined : { sequence, events, createdAt };
  // The cast is safe: `selectMarked` builds a JSON array of pairs of numbers.
  const marked = await digestOf(JSON.parse(runs) as [number, number][]);
  return compareRemoved(parsePruning(details) ?? noPruning, { beginning: toBeginning(checkpoint), ...marked });
}

async function digestOf(
  runs: readonly (readonly [first: number, last: number])[],
): Promise<Omit<Removed, 'beginning'>> {
  const digest = new SetDigest();
  let count = 0;
  for (const [first, last] of runs) {
    for (let sequence = first; sequence <= last; sequence += 1) {
      digest.add(sequence);
      count += 1;
      if (count % batchSize === 0 && shouldYield()) await yieldToEventLoop();
    }
  }
  return { count, digest };
}

/**
 * Returns the part of a checkpoint that a pruning entry repeats; null for the checkpoint that marks the beginning of
 * the event chain.
 */
function toBeginning(checkpoint: CompactedBeginning | undefined): CompactedBeginning | null {
  return checkpoint === undefined || checkpoint.sequence === 0 ? null : checkpoint;
}

// Searches for an event that has no chain entry. An event that is recorded during the search is not reported, because
// it is committed together with its entry or pending entry.
async function findUnrecorded({ query, statements }: ChainReader): Promise<EventChainBreak | undefined> {
  for (let after = ''; ;) {
    const [row] = await query(statements.selectUnrecorded({ after, limit: 2 * batchSize }));
    // The cast is safe: `selectUnrecorded` selects two ids.
    const [last, eventId] = row as readonly [string | null, string | null];
    if (eventId !== null) return { eventId, reason: 'inserted' };
    if (last === null) return undefined;
    after = last;
    if (shouldYield()) await yieldToEventLoop();
  }
}

async function readState({ query, statements }: ChainReader): Promise<ChainState> {
  const [row] = await query(statements.selectState);
  // The cast is safe: `selectState` selects these columns. The columns of the head are null together, and so are the
  // columns of the checkpoint.
  const [sequence, hash, last, lastHash, events, createdAt, pruning, first, pending] = row as readonly [
    sequence: number | null,
    hash: string,
    last: number | null,
    lastHash: string,
    events: number,
    createdAt: number,
    pruning: number | null,
    first: number | null,
    pending: number,
  ];
  const checkpoint = last === null ? undefined : { sequence: last, hash: lastHash, events, createdAt };
  const head = sequence === null ? (checkpoint ?? chainStart) : { sequence, hash };
  return { head, checkpoint, pruning, first, pending };
}
