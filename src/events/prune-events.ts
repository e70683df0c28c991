import type { Dialect } from '../sql/dialect';
import type { Work } from '../sql/statement';
import { appendEntries, readHead, takeChainTurn } from './append-entries';
import { parsePruning, pruningEntry, type Pruning } from './chain';
import { chainStatements } from './chain-statements';

/** How many entries at the beginning of the chain one work deletes at most. */
const foldSize = 10_000;

/** What to prune at once. */
export interface PruneBatch {
  /** In milliseconds since 1970. */
  readonly before: number;
  readonly size: number;
}

/** What a work has pruned. */
export interface PruneOutcome {
  readonly events: number;
  /** Whether there may be more to do. */
  readonly hasMore: boolean;
}

/**
 * Prunes a batch of events. Of their entries the digests and hashes are left, and the chain gets an entry that tells of
 * it: so nobody can take something away for no reason. Where the chain begins with nothing but what is gone, a checkpoint
 * takes its place.
 *
 * @param now - in milliseconds since 1970.
 */
export function* pruneEvents(dialect: Dialect, { before, size }: PruneBatch, now: number): Work<PruneOutcome> {
  const statements = chainStatements(dialect);
  yield* takeChainTurn(dialect);
  const prunable = yield statements.selectPrunable({ before, limit: size });
  const count = prunable.rows.length;
  if (count > 0) {
    const ids = JSON.stringify(prunable.rows.map(([id]) => id));
    const { changes } = yield statements.emptyEntries({ ids });
    yield statements.deleteEvents({ ids });
    const head = yield* readHead(dialect, now);
    const last = yield* readPruning(dialect);
    const pruning: Pruning = { before, events: last.events + count, gone: last.gone + changes + 1 };
    yield appendEntries(dialect, head, [pruningEntry(JSON.stringify(pruning), now)]).statement;
  }
  const folded = yield* foldBeginning(dialect, now);
  return { events: count, hasMore: count === size || folded === foldSize };
}

/** Replaces what is gone at the beginning by a checkpoint; how many entries that were, at most. */
function* foldBeginning(dialect: Dialect, now: number): Work<number> {
  const statements = chainStatements(dialect);
  const foldable = yield statements.selectFoldable({ limit: foldSize });
  // An aggregate has one row; null where there is nothing.
  const last = foldable.rows[0]?.[0] as number | null | undefined;
  if (last === null || last === undefined) return 0;
  const { rows } = yield statements.selectHash({ sequence: last });
  const { events } = yield* readPruning(dialect);
  // A hash is a text, and this entry is there.
  yield statements.insertCheckpoint({ sequence: last, hash: rows[0]?.[0] as string, count: events, createdAt: now });
  yield statements.deleteCheckpoints({ before: last });
  const { changes } = yield statements.deleteEntries({ last });
  return changes;
}

function* readPruning(dialect: Dialect): Work<Pruning> {
  const { rows } = yield chainStatements(dialect).selectPruning;
  return parsePruning(rows[0]?.[1]) ?? { before: 0, events: 0, gone: 0 };
}
