import { protectedRow } from '../../errors/failure';
import type { Dialect } from '../../sql/dialect';
import type { Row, Work } from '../../sql/statement';
import { appendEntries, readHead, takeChainTurn } from './append-entries';
import { pruningEntry } from './hashing';
import { chainStatements } from './statements';
import { findCompactable, maxCompaction, replaceByCheckpoint } from './compact';
import { nextPruning, noPruning, parsePruning, type Pruning } from './pruning';

/** Options of one batch of a pruning. */
export interface PruneBatch {
  /** In milliseconds since 1970. */
  readonly before: number;
  readonly size: number;
}

/** Result of one batch of a pruning. */
export interface PruneOutcome {
  readonly events: number;
  /** True when there may be more to prune. */
  readonly hasMore: boolean;
}

/**
 * Prunes a batch of events. Their entries are marked and keep their digests and hashes. Marked entries at the beginning
 * of the chain are replaced by a checkpoint. The chain gets an entry that commits to the marked and replaced entries:
 * nobody can then remove anything else, or put anything back, without detection.
 *
 * @param now - time in milliseconds since 1970.
 */
export function* pruneEvents(dialect: Dialect, { before, size }: PruneBatch, now: number): Work<PruneOutcome> {
  const statements = chainStatements(dialect);
  yield* takeChainTurn(dialect);
  const prunable = yield statements.selectPrunable({ before, limit: size });
  const events = prunable.rows.length;
  const marked = events > 0 ? yield* removeEvents(dialect, prunable.rows) : [];
  const compactable = yield* findCompactable(dialect, events > 0);
  const link = compactable.at(-1);
  if (events === 0 && link === undefined) return { events, hasMore: false };

  const head = yield* readHead(dialect, now);
  const last = yield* readPruning(dialect);
  const total = last.events + events;
  if (link !== undefined) yield* replaceByCheckpoint(dialect, link, { events: total, createdAt: now });
  const beginning = link === undefined ? null : { sequence: link.sequence, events: total, createdAt: now };
  const compacted = compactable.map(({ sequence }) => sequence);
  const pruning = nextPruning(last, { before, events, marked, compacted, beginning }, head.sequence + 1);
  yield appendEntries(dialect, head, [pruningEntry(JSON.stringify(pruning), now)]).statement;
  return { events, hasMore: events === size || compacted.length === maxCompaction };
}

/** Deletes events and marks their entries; returns the sequence numbers of those entries. */
function* removeEvents(dialect: Dialect, events: readonly Row[]): Work<readonly number[]> {
  const statements = chainStatements(dialect);
  const ids = JSON.stringify(events.map(([id]) => id));
  const { rows } = yield statements.markEntries({ ids });
  // A row security policy may let the role see events but not delete them. The server does not report that, and the
  // loop would never end.
  const { changes } = yield statements.deleteEvents({ ids });
  if (changes < events.length) throw protectedRow();
  // The statement returns only this column.
  return rows.map(([sequence]) => sequence as number);
}

function* readPruning(dialect: Dialect): Work<Pruning> {
  const { rows } = yield chainStatements(dialect).selectPruning;
  return parsePruning(rows[0]?.[1]) ?? noPruning;
}
