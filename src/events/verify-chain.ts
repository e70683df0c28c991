import { Failure } from '../errors/failure';
import type { Dialect } from '../sql/dialect';
import { limitedTo, type Row, type Statement } from '../sql/statement';
import { chainStart, hashOf, noEvent, parsePruning, type ChainLink } from './chain';
import { chainStatements, type ChainStatements } from './chain-statements';
import { diagnoseBreak } from './diagnose-break';
import { toStoredEntry, type StoredEntry } from './entry-rows';
import type { EventChainBreak, EventChainVerification } from './types';

/** Queries, each given by a `yield` that gives back its rows. */
export type Reading<T> = Generator<Statement, T, readonly Row[]>;

/** Runs the queries of `reading`, and gives what it comes to. */
export async function runReading<T>(
  query: (statement: Statement) => Promise<readonly Row[]>,
  reading: Reading<T>,
): Promise<T> {
  let step = reading.next();
  while (step.done !== true) {
    let rows: readonly Row[];
    try {
      rows = await query(step.value);
    } catch (error) {
      // It may have another way.
      step = reading.throw(error);
      continue;
    }
    step = reading.next(rows);
  }
  return step.value;
}

const batchSize = 500;

/** How many characters a batch may have: fewer entries are read at a time where they are long. */
const batchLength = 16_777_216;

/** The head, the checkpoint and the last pruning at one moment. */
interface ChainState {
  readonly head: ChainLink;
  readonly checkpoint: (ChainLink & { readonly events: number; readonly createdAt: number }) | undefined;
  /** The sequence number of the entry of the last pruning; null where there was none. */
  readonly pruning: number | null;
  /** The sequence number of the first entry; null where there is none. */
  readonly first: number | null;
}

/** How far the chain was walked. */
interface Progress {
  link: ChainLink;
  entries: number;
  /** How many entries are gone or tell of a pruning. */
  gone: number;
  /** How many should be, by the last entry that tells of a pruning. */
  told: number;
  /** How many events were gone, by each of the entries that tell of a pruning. */
  readonly events: Set<number>;
}

/**
 * Walks the chain up to what is its head now, then looks for events that are not in it. Each query sees another state of
 * the database: what others record meanwhile lies behind that head, and what they prune is allowed for.
 */
export function* verifyChain(dialect: Dialect): Reading<EventChainVerification> {
  const statements = chainStatements(dialect);
  const state = yield* readState(statements);
  const progress: Progress = { link: state.checkpoint ?? chainStart, entries: 0, gone: 0, told: 0, events: new Set() };
  progress.gone = progress.link.sequence;
  const found =
    findBefore(state) ??
    (yield* walk(statements, state.head, progress)) ??
    (yield* comparePrunings(statements, state, progress)) ??
    (yield* findUnrecorded(statements)) ??
    findEmptied(state);
  const { entries } = progress;
  if (found !== undefined) return { valid: false, entries, break: found };
  const { head, checkpoint } = state;
  if (checkpoint === undefined || checkpoint.sequence === 0) return { valid: true, entries, head };
  const { sequence, hash, events, createdAt } = checkpoint;
  return { valid: true, entries, head, checkpoint: { sequence, hash, count: events, createdAt: new Date(createdAt) } };
}

/** An entry before the beginning, to which no walk would lead, though it would be read as the others are. */
function findBefore({ first, checkpoint }: ChainState): EventChainBreak | undefined {
  const isBefore = first !== null && first <= (checkpoint?.sequence ?? chainStart.sequence);
  return isBefore ? { sequence: first, reason: 'inserted' } : undefined;
}

/** A chain that was begun, which happens together with its first entry, and of which nothing is left. */
function findEmptied({ first, checkpoint }: ChainState): EventChainBreak | undefined {
  return first === null && checkpoint !== undefined
    ? { sequence: checkpoint.sequence + 1, reason: 'removed' }
    : undefined;
}

function* walk(statements: ChainStatements, head: ChainLink, progress: Progress): Reading<EventChainBreak | undefined> {
  for (let size = batchSize; progress.link.sequence < head.sequence; size = Math.min(2 * size, batchSize)) {
    const after = progress.link.sequence;
    const [rows, limit] = yield* readBatch(statements, { after, last: head.sequence, limit: size });
    size = limit;
    for (const row of rows) {
      const entry = toStoredEntry(row);
      if (entry.sequence !== progress.link.sequence + 1) break;
      const found = yield* checkEntry(statements, progress.link, entry);
      if (found !== undefined) return found;
      progress.link = entry;
      progress.entries += 1;
      if (entry.kind === 'PRUNED') progress.gone += 1;
      if (entry.eventId !== noEvent) continue;
      const pruning = parsePruning(entry.details);
      progress.told = pruning?.gone ?? 0;
      if (pruning !== undefined) progress.events.add(pruning.events);
    }
    if (progress.link.sequence >= head.sequence || progress.link.sequence === after + limit) continue;
    // An entry is missing, unless a pruning has taken it, and all before it, since.
    const { checkpoint } = yield* readState(statements);
    const missing = progress.link.sequence + 1;
    if (checkpoint === undefined || checkpoint.sequence < missing) return { sequence: missing, reason: 'removed' };
    progress.link = checkpoint;
    progress.gone = checkpoint.sequence;
  }
  return undefined;
}

/** A batch, and how many entries it has at most: as many as were asked for, or fewer, where so many are too long together. */
function* readBatch(
  statements: ChainStatements,
  place: { readonly after: number; readonly last: number; readonly limit: number },
): Reading<readonly [rows: readonly Row[], limit: number]> {
  const { limit } = place;
  const statement = statements.selectBatch(place);
  // One entry has to be read however long it is.
  if (limit === 1) return [yield statement, limit];
  try {
    return [yield limitedTo(batchLength, statement), limit];
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'RESULT_TOO_LARGE') throw error;
    return yield* readBatch(statements, { ...place, limit: Math.ceil(limit / 8) });
  }
}

function* checkEntry(
  statements: ChainStatements,
  previous: ChainLink,
  entry: StoredEntry,
): Reading<EventChainBreak | undefined> {
  const { sequence, eventId, digest } = entry;
  const place = { sequence, ...(eventId === noEvent ? undefined : { eventId }) };
  if (entry.hash !== hashOf(previous.hash, sequence, digest)) {
    const reason = yield* diagnoseBreak(statements, previous, entry);
    // Where an entry was removed and the others moved up, whose it was is gone with it.
    return reason === 'removed' ? { sequence, reason } : { ...place, reason };
  }
  if (entry.lacksEvent) return { ...place, reason: 'removed' };
  if (entry.content !== undefined && entry.content.digest !== digest) return { ...place, reason: 'changed' };
  return undefined;
}

/**
 * Whether no more is gone than what the prunings tell of: an entry that was only made to look like one of a pruned event
 * would stand in the chain as well as any other.
 */
function* comparePrunings(
  statements: ChainStatements,
  before: ChainState,
  { gone, told, events }: Progress,
): Reading<EventChainBreak | undefined> {
  const { pruning, checkpoint } = yield* readState(statements);
  if (pruning === before.pruning) {
    if (gone !== told) return { reason: 'removed' };
    const { sequence = 0, events: claimed = 0 } = before.checkpoint ?? {};
    // A checkpoint repeats what the entry of a pruning told when it was made, which stays behind it until there is another
    // checkpoint.
    const isProved = sequence === 0 || checkpoint?.sequence !== sequence || events.has(claimed);
    return isProved ? undefined : { sequence, reason: 'changed' };
  }
  // Somebody has pruned meanwhile, so that what was counted is of no one moment.
  const [row] = yield statements.selectRemaining;
  // The statement selects exactly these columns.
  const [folded, remaining, details] = row as readonly [number | null, number, string | null];
  return (folded ?? 0) + remaining === (parsePruning(details)?.gone ?? 0) ? undefined : { reason: 'removed' };
}

// An event becomes visible together with its entry, so that none which is recorded meanwhile is taken for another.
function* findUnrecorded(statements: ChainStatements): Reading<EventChainBreak | undefined> {
  for (let after = ''; ;) {
    const [row] = yield statements.selectUnrecorded({ after, limit: 2 * batchSize });
    // The statement selects exactly these columns.
    const [last, eventId] = row as readonly [string | null, string | null];
    if (eventId !== null) return { eventId, reason: 'inserted' };
    if (last === null) return undefined;
    after = last;
  }
}

function* readState(statements: ChainStatements): Reading<ChainState> {
  const [row] = yield statements.selectState;
  // The statement selects exactly these columns, the first two, and the four after them, null together.
  const [sequence, hash, last, lastHash, events, createdAt, pruning, first] = row as readonly [
    sequence: number | null,
    hash: string,
    last: number | null,
    lastHash: string,
    events: number,
    createdAt: number,
    pruning: number | null,
    first: number | null,
  ];
  const checkpoint = last === null ? undefined : { sequence: last, hash: lastHash, events, createdAt };
  return { head: sequence === null ? (checkpoint ?? chainStart) : { sequence, hash }, checkpoint, pruning, first };
}
