import type { Row, Statement } from '../sql/statement';
import { hashOf, type ChainLink } from './chain';
import type { ChainStatements } from './chain-statements';
import type { StoredEntry } from './entry-rows';
import type { EventChainBreakReason } from './types';

const batchSize = 1000;

/** How many entries in a row may have been removed for it to be told from a change. */
const maxRemoved = 10_000;

/** What was hashed into the chain at a place that is not told. */
type Place = readonly [sequence: number, digest: string, hash: string];

/**
 * Why an entry does not belong where it stands, by what else stands after it. Of several ways to the same chain it tells
 * the one that took the least.
 *
 * @param found - stands after `previous`, which is right, and has another hash than that place would give it.
 */
export function* diagnoseBreak(
  statements: ChainStatements,
  previous: ChainLink,
  found: StoredEntry,
): Generator<Statement, EventChainBreakReason, readonly Row[]> {
  // What should stand here, and as many of those that should follow it as stand in a row.
  let run: { readonly last: ChainLink; readonly length: number } | undefined;
  let isFirst = true;
  let wasRemoved = false;
  let before: ChainLink = found;
  for (let after = found.sequence; ;) {
    const rows = yield statements.selectPlaces({ after, limit: batchSize });
    for (const row of rows) {
      // The statement selects exactly these columns.
      const place = row as Place;
      if (isFirst) wasRemoved = followsAfterGap(found, place);
      isFirst = false;
      const expected: ChainLink = run?.last ?? previous;
      if (belongsAfter(expected, place)) {
        // The two have changed places.
        if (run === undefined && follows(found, before)) return 'reordered';
        run = { last: { sequence: expected.sequence + 1, hash: place[2] }, length: (run?.length ?? 0) + 1 };
      } else if (run !== undefined) {
        return run.length > 1 && !follows(found, run.last) ? 'inserted' : 'reordered';
      }
      before = { sequence: place[0], hash: place[2] };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < batchSize) break;
    // As above.
    after = (last as Place)[0];
  }
  if (run !== undefined) return follows(found, run.last) ? 'reordered' : 'inserted';
  if (wasRemoved) return 'removed';
  // An entry that never had a hash was added by somebody who could not, or would not, make one.
  return found.hash === '' ? 'inserted' : 'changed';
}

function follows({ sequence, digest, hash }: StoredEntry, previous: ChainLink): boolean {
  return belongsAfter(previous, [sequence, digest, hash]);
}

function belongsAfter(previous: ChainLink, [, digest, hash]: Place): boolean {
  return hashOf(previous.hash, previous.sequence + 1, digest) === hash;
}

/** Whether the entry after `found` would be right if some had stood before the two, which have moved up since. */
function followsAfterGap(found: StoredEntry, place: Place): boolean {
  for (let removed = 1; removed <= maxRemoved; removed += 1) {
    if (belongsAfter({ sequence: found.sequence + removed, hash: found.hash }, place)) return true;
  }
  return false;
}
