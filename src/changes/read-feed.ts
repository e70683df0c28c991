import { Failure } from '../errors/failure';
import type { AnswerBounds } from '../sql/answer-size';
import type { Row } from '../sql/statement';
import { withBounds } from '../sql/statement';
import type { Executor } from '../storage/executor';
import { changeStatements, toChanges, toStoredBounds, type StoredBounds } from './statements';
import type { Change } from './types';

/*
 * A reader must not miss the change of a transaction that commits late (PostgreSQL). A transaction takes a shared lock
 * before it takes its numbers from the sequence, and holds it until its end. The key of the lock is less than these
 * numbers. A reader first selects the highest committed number, then the keys that are held, then the changes, each in a
 * transaction of its own. Let `end` be the smallest of that number and of the keys. The transaction of a number up to
 * `end` has ended before the changes are selected:
 *
 * 1. The number was taken before the highest committed number, because the sequence ascends and no session caches
 *    numbers. So its transaction had the lock before the keys were selected.
 * 2. The key of that lock is less than the number, and no held key is less than `end`. So the lock was not held any more
 *    when the keys were selected: the transaction had ended.
 * 3. The server makes a commit visible before it releases the locks of the transaction. So the selection of the changes,
 *    which began later, sees the change, or the transaction was rolled back.
 *
 * `end` may be less than before: a transaction may read its key long before it takes the lock. The numbers that it takes
 * afterwards are still greater than every `end` that a reader has computed.
 */

/** Bounds of the feed at one time. */
export interface FeedBounds extends StoredBounds {
  /** Sequence number up to which every change is visible: no transaction that is still running can add one. */
  readonly end: number;
}

/** Part of the feed to read: at most `limit` changes after the sequence number `after`. */
export interface FeedPosition {
  readonly after: number;
  readonly limit: number;
}

/** Changes, with the bounds of the feed when they were read. */
export interface FeedPage extends FeedBounds {
  readonly changes: Change[];
  /** True when there may be more changes up to `end`. */
  readonly isFull: boolean;
}

/** Reads the bounds of the feed. */
export async function readBounds(executor: Executor): Promise<FeedBounds> {
  const { selectBounds, selectLocks } = changeStatements(executor.dialect);
  const statements = selectLocks === undefined ? [selectBounds] : [selectBounds, selectLocks];
  const [bounds, locks] = await executor.querySeparately(statements);
  const stored = toStoredBounds(bounds?.[0]);
  return { ...stored, end: endOf(stored, locks) };
}

/**
 * Reads a part of the feed.
 *
 * @param known - bounds that were read before, so that only the changes have to be read.
 */
export async function readPage(
  executor: Executor,
  position: FeedPosition,
  { answer, known }: { readonly answer?: AnswerBounds; readonly known?: FeedBounds } = {},
): Promise<FeedPage> {
  const { selectBounds, selectLocks, select } = changeStatements(executor.dialect);
  const selectChanges = answer === undefined ? select({ ...position }) : withBounds(answer, select({ ...position }));
  if (known !== undefined || selectLocks === undefined) {
    const [rows = []] = await executor.querySeparately([selectChanges]);
    return toPage(rows, position.limit, known?.end);
  }
  const [bounds, locks, rows = []] = await executor.querySeparately([selectBounds, selectLocks, selectChanges]);
  return toPage(rows, position.limit, endOf(toStoredBounds(bounds?.[0]), locks));
}

/** @param end - see {@link FeedBounds}; undefined for the highest number in the rows. */
function toPage(rows: readonly Row[], limit: number, end: number | undefined): FeedPage {
  const stored = toStoredBounds(rows[0]);
  const last = end ?? stored.last;
  const changes = toChanges(rows).filter(({ sequence }) => sequence <= last);
  return { ...stored, end: last, changes, isFull: changes.length === limit };
}

/** Rows of `selectLocks`; undefined on an engine where one transaction writes at a time. */
type Locks = readonly Row[] | undefined;

// The keys have 32 bits of a number. Their distance from the highest committed number fits into 32 bits with its sign
// unless two billion changes are made during one commit. A key above that number belongs to a transaction that began
// later. Changes up to the pruning mark were visible before they were pruned.
function endOf({ pruned, last }: StoredBounds, locks: Locks): number {
  if (locks === undefined) return last;
  if (locks[0]?.[1] === true) throw standby();
  const distances = locks.map(([key]) => (key === null ? 0 : (Number(key) - last) | 0));
  return Math.max(pruned, last + Math.min(0, ...distances));
}

function standby(): Failure {
  const message = 'the change feed can be read on the primary only, and the server is a standby';
  return new Failure('READ_ONLY', message, { retryable: true });
}
