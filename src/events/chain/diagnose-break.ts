import { shouldYield, yieldToEventLoop } from '../../runtime/event-loop';
import { hashOf, type ChainLink } from './hashing';
import type { ChainReader } from './reader';
import type { StoredEntry } from './entry-rows';
import type { EventChainBreakReason } from '../types';

const batchSize = 1000;

/** Maximum number of consecutive removed entries that can be distinguished from a change. */
const maxRemoved = 10_000;

/** Stored entry. When entries were removed or swapped, its sequence number may not be its original position. */
type Place = readonly [sequence: number, digest: string, hash: string];

/**
 * Returns why an entry does not belong in its position, based on the entries after it. When several kinds of changes
 * would give the same chain, returns the kind that needs the fewest changes.
 *
 * @param found - entry after `previous`. The hash of `previous` is right; the hash of `found` is wrong in this
 * position.
 */
export async function diagnoseBreak(
  { query, statements }: ChainReader,
  previous: ChainLink,
  found: StoredEntry,
): Promise<EventChainBreakReason> {
  // The right successor of `previous` and the entries that continue the chain after it; undefined until it is found.
  let run: { readonly last: ChainLink; readonly length: number } | undefined;
  let isFirst = true;
  let wasRemoved = false;
  let before: ChainLink = found;
  for (let after = found.sequence; ;) {
    const rows = await query(statements.selectPlaces({ after, limit: batchSize }));
    for (const row of rows) {
      // The cast is safe: the statement selects exactly these columns.
      const place = row as Place;
      if (isFirst) wasRemoved = followsAfterGap(found, place);
      isFirst = false;
      const expected: ChainLink = run?.last ?? previous;
      if (belongsAfter(expected, place)) {
        // `found` and this entry were swapped.
        if (run === undefined && follows(found, before)) return 'reordered';
        run = { last: { sequence: expected.sequence + 1, hash: place[2] }, length: (run?.length ?? 0) + 1 };
      } else if (run !== undefined) {
        return run.length > 1 && !follows(found, run.last) ? 'inserted' : 'reordered';
      }
      before = { sequence: place[0], hash: place[2] };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < batchSize) break;
    // The cast is safe: the statement selects exactly these columns.
    after = (last as Place)[0];
    if (shouldYield()) await yieldToEventLoop();
  }
  if (run !== undefined) return follows(found, run.last) ? 'reordered' : 'inserted';
  if (wasRemoved) return 'removed';
  // Every entry of this package has a hash. An entry with an empty hash comes from another program.
  return found.hash === '' ? 'inserted' : 'changed';
}

function follows({ sequence, digest, hash }: StoredEntry, previous: ChainLink): boolean {
  return belongsAfter(previous, [sequence, digest, hash]);
}

function belongsAfter(previous: ChainLink, [, digest, hash]: Place): boolean {
  return hashOf(previous.hash, previous.sequence + 1, digest) === hash;
}

/**
 * Reports whether the entry `place`, which follows `found`, has the right hash if entries before `found` were removed
 * and the later entries then received lower sequence numbers.
 */
function followsAfterGap(found: StoredEntry, place: Place): boolean {
  for (let removed = 1; removed <= maxRemoved; removed += 1) {
    if (belongsAfter({ sequence: found.sequence + removed, hash: found.hash }, place)) return true;
  }
  return false;
}
