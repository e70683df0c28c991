import { shouldYield, yieldToEventLoop } from '../../runtime/event-loop';
import { hashOf, type ChainLink } from './hashing';
import type { ChainReader } from './reader';
import type { StoredEntry } from './entry-rows';
import type { EventChainBreakReason } from '../types';

const batchSize = 1000;

/**
 * Maximum number of consecutive missing entries that are recognized as removed. With more of them, the reason is
 * `changed`.
 */
const maxRemoved = 10_000;

/** Stored entry of the event chain. The sequence number is not the original one if entries were removed or swapped. */
type Place = readonly [sequence: number, digest: string, hash: string];

/**
 * Returns the reason why an entry of the event chain does not fit in its position. The entries after it show the
 * reason. If several reasons are possible, returns the one that needs the fewest changes.
 *
 * @param found - entry after `previous`. The hash of `previous` is correct; the hash of `found` is wrong in this
 * position.
 */
export async function diagnoseBreak(
  { query, statements }: ChainReader,
  previous: ChainLink,
  found: StoredEntry,
): Promise<EventChainBreakReason> {
  // End and length of the run of entries that continues the chain after `previous`; undefined until the first entry of
  // the run is found.
  let run: { readonly last: ChainLink; readonly length: number } | undefined;
  let isFirst = true;
  let wasRemoved = false;
  let before: ChainLink = found;
  for (let after = found.sequence; ;) {
    const rows = await query(statements.selectPlaces({ after, limit: batchSize }));
    for (const row of rows) {
      // The cast is safe: `selectPlaces` selects a sequence number, a digest and a hash.
      const place = row as Place;
      if (isFirst) wasRemoved = followsAfterGap(found, place);
      isFirst = false;
      const expected: ChainLink = run?.last ?? previous;
      if (belongsAfter(expected, place)) {
        // `found` would fit after the entry before `place`, so the two entries were swapped.
        if (run === undefined && follows(found, before)) return 'reordered';
        run = { last: { sequence: expected.sequence + 1, hash: place[2] }, length: (run?.length ?? 0) + 1 };
      } else if (run !== undefined) {
        return run.length > 1 && !follows(found, run.last) ? 'inserted' : 'reordered';
      }
      before = { sequence: place[0], hash: place[2] };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < batchSize) break;
    // The cast is safe: `selectPlaces` selects a sequence number, a digest and a hash.
    after = (last as Place)[0];
    if (shouldYield()) await yieldToEventLoop();
  }
  if (run !== undefined) return follows(found, run.last) ? 'reordered' : 'inserted';
  if (wasRemoved) return 'removed';
  // Reports an entry without a hash as inserted, because this package gives every entry a hash.
  return found.hash === '' ? 'inserted' : 'changed';
}

function follows({ sequence, digest, hash }: StoredEntry, previous: ChainLink): boolean {
  return belongsAfter(previous, [sequence, digest, hash]);
}

function belongsAfter(previous: ChainLink, [, digest, hash]: Place): boolean {
  return hashOf(previous.hash, previous.sequence + 1, digest) === hash;
}

/**
 * Reports whether `place`, the entry after `found`, has a correct hash if entries before `found` were removed. After a
 * removal, the later entries may have lower sequence numbers.
 */
function followsAfterGap(found: StoredEntry, place: Place): boolean {
  for (let removed = 1; removed <= maxRemoved; removed += 1) {
    if (belongsAfter({ sequence: found.sequence + removed, hash: found.hash }, place)) return true;
  }
  return false;
}
