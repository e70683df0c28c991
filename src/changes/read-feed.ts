import { Failure } from '../errors/failure';
import type { AnswerBounds } from '../sql/answer-size';
import type { Row } from '../sql/statement';
import { withBounds } from '../sql/statement';
import type { Executor } from '../storage/executor';
import { changeStatements, toChanges, toStoredBounds, type StoredBounds } from './statements';
import type { Change } from './types';

/*
 * A reader of the change feed must not miss the change of a PostgreSQL transaction that commits late. A transaction
 * takes a shared lock before it takes numbers from the sequence, and holds the lock until it ends. The key of the lock
 * is less than these numbers. A reader first selects the highest committed number, then the keys of the held locks,
 * then the changes, each in a separate transaction. `end` is the smallest of the highest committed number and the keys.
 * Every transaction that has taken a number up to `end` has ended before the reader selects the changes:
 *
 * 1. The transaction took its number before the highest committed number was taken, because the sequence ascends and no
 * session caches numbers. So the transaction already had its lock when the reader selected the keys, unless it had
 * ended.
 * 2. The key of its lock is less than its number, and so less than `end`. No held key is less than `end`. So the
 * transaction did not hold its lock any more when the reader selected the keys: it had ended.
 * 3. The server makes a commit visible before it releases the locks of the transaction. The reader selects the changes
 * later. So the reader sees the change, unless the transaction was rolled back.
 *
 * `end` can be less than in an earlier reading: a transaction may read the number that becomes its key long before it
 * takes the lock. Even so, the numbers that it takes afterwards are greater than every `end` that a reader has
 * computed.
 */

/** Bounds of the change feed at one time. */
export interface FeedBounds extends StoredBounds {
  /** Sequence number up to which every change is visible. No running transaction can still add a change up to it. */
  readonly end: number;
}

/** Part of the change feed to read: at most `limit` changes after the sequence number `after`. */
export interface FeedPart {
  readonly after: number;
  readonly limit: number;
}

/** Changes, with the bounds of the change feed when they were read. */
export interface FeedPage extends FeedBounds {
  readonly changes: Change[];
  /** True when more changes up to `end` may follow this page. */
  readonly isFull: boolean;
}

/** Reads the bounds of the change feed. */
export async function readBounds(executor: Executor): Promise<FeedBounds> {
  const { selectBounds, selectLocks } = changeStatements(executor.dialect);
  const statements = selectLocks === undefined ? [selectBounds] : [selectBounds, selectLocks];
  const [bounds, locks] = await executor.querySeparately(statements);
  const stored = toStoredBounds(bounds?.[0]);
  return { ...stored, end: endOf(stored, locks) };
}

/**
 * Reads a part of the change feed.
 *
 * @param known - bounds of the feed that were read earlier. Without `known`, reads the bounds first.
 */
export async function readPage(
  executor: Executor,
  part: FeedPart,
  { answer, known }: { readonly answer?: AnswerBounds; readonly known?: FeedBounds } = {},
): Promise<FeedPage> {
  const { selectBounds, selectLocks, select } = changeStatements(executor.dialect);
  const selectChanges = answer === undefined ? select({ ...part }) : withBounds(answer, select({ ...part }));
  if (known !== undefined || selectLocks === undefined) {
    const [rows = []] = await executor.querySeparately([selectChanges]);
    return toPage(rows, part.limit, known?.end);
  }
  const [bounds, locks, rows = []] = await executor.querySeparately([selectBounds, selectLocks, selectChanges]);
  return toPage(rows, part.limit, endOf(toStoredBounds(bounds?.[0]), locks));
}

/**
 * Converts the rows of the statement `select` to a page of the change feed.
 *
 * @param end - value for `end` of the page; undefined to use the last sequence number in the rows.
 */
function toPage(rows: readonly Row[], limit: number, end: number | undefined): FeedPage {
  const stored = toStoredBounds(rows[0]);
  const last = end ?? stored.last;
  const changes = toChanges(rows).filter(({ sequence }) => sequence <= last);
  return { ...stored, end: last, changes, isFull: changes.length === limit };
}

/** Rows of the statement `selectLocks`. Undefined on an engine with one writer at a time. */
type Locks = readonly Row[] | undefined;

// Returns the sequence number `end`, up to which every change is visible.
//
// The key of a lock has only the lowest 32 bits of a sequence number. The distance of that number from the highest
// committed number fits into a signed 32-bit integer, unless one commit lasts longer than two billion changes. A key
// above the highest committed number does not matter, because the transaction of the lock will take greater numbers.
// The pruning mark is a lower bound of `end`, because changes are pruned only after every reader could see them.
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
