import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../storage/session';
import { Failure, invalidInput } from '../errors/failure';
import { checkObject, checkTime, checkWholeNumber, ifDefined } from '../validation/checks';
import { answerBounds } from '../validation/limits';
import type { ReadOptions } from '../options/read-options';
import { guardedRead } from '../validation/guarded-read';
import type { AnswerBounds } from '../sql/answer-size';
import type { ServiceSettings } from '../options/service-settings';
import { pruneChanges } from './prune';
import { readPage, type FeedBounds, type FeedPage } from './read-feed';
import { SharedBounds } from './shared-bounds';
import type { StoredBounds } from './statements';
import type { Change, ChangesQuery, FollowOptions, PruneChangesOptions } from './types';

const queryFields = new Set(['after', 'limit'] as const);
const followFields = new Set(['after', 'pollMs', 'signal'] as const);
const pruneFields = new Set(['before', 'batchSize'] as const);
const pageSize = 1000;
const maxPageSize = 10_000;

/** Reads, follows and prunes the change feed. `DatabaseCalls` documents the methods. */
export class ChangeService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;
  readonly #shared = new SharedBounds();

  /** Creates the service for the change feed. Only this package calls it. @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  async read(query: ChangesQuery = {}, options?: ReadOptions): Promise<Change[]> {
    return this.#session.read('changes.read', options, async (executor) => {
      const position = parseQuery(query);
      const { after = 0, limit } = position;
      return this.#inRange(position.after, await readPage(executor, { after, limit }, this.#answer()));
    });
  }

  async *follow(options: FollowOptions = {}): AsyncGenerator<Change, void, void> {
    const { after, pollMs, signal } = await this.#session.read('changes.read', undefined, () => {
      return Promise.resolve(parseFollow(options));
    });
    for (let last = after; !isAborted(signal);) {
      const { changes, end, isFull } = await this.#poll(last, pollMs);
      for (const change of changes) {
        last = change.sequence;
        yield change;
      }
      if (isFull) continue;
      // A follower without a position continues after the present end of the feed. Otherwise it would silently skip
      // changes that are written and pruned during the pause.
      last ??= end;
      if (pollMs === 0) return;
      await pause(pollMs, signal);
    }
  }

  prune(options: PruneChangesOptions): Promise<number> {
    return this.#session.write('changes.prune', async (executor) => {
      const fields = checkObject(options, 'options', pruneFields);
      const before = checkTime(fields.before, 'before');
      const limit = ifDefined(fields.batchSize, 'batchSize', checkPageSize) ?? pageSize;
      return pruneChanges(executor, before, limit);
    });
  }

  // Reads the next page for a follower of the change feed. The followers of a service share the bounds of the feed,
  // because reading the locks of the server takes longer than reading the changes.
  #poll(after: number | undefined, pollMs: number): Promise<FeedPage> {
    return this.#session.read('changes.read', { consistency: 'primary' }, async (executor) => {
      const known = await this.#shared.read(executor, pollMs / 2);
      if (isAtEnd(after, known)) return { ...known, changes: [], isFull: false };
      const page = await readPage(executor, { after: after ?? 0, limit: pageSize }, { ...this.#answer(), known });
      return { ...page, changes: this.#inRange(after, page) };
    });
  }

  #inRange(after: number | undefined, page: FeedPage): Change[] {
    const changes = changesInRange(after, page);
    this.#settings.onFeedRead(changes.at(-1)?.sequence ?? page.end);
    return changes;
  }

  #answer(): { readonly answer: AnswerBounds } {
    return { answer: answerBounds(this.#settings.checks.limits) };
  }
}

/** Validated arguments of `db.changes`. */
interface ParsedQuery {
  /** Sequence number after which the result begins. When undefined, begins with the oldest kept change. */
  readonly after: number | undefined;
  readonly limit: number;
}

function parseQuery(query: unknown): ParsedQuery {
  const fields = checkObject(query, 'query', queryFields);
  return {
    after: ifDefined(fields.after, 'after', checkSequence),
    limit: ifDefined(fields.limit, 'limit', checkPageSize) ?? pageSize,
  };
}

/** Reports whether the sequence number `after` is valid and no visible change follows it. */
function isAtEnd(after: number | undefined, { pruned, end, last }: FeedBounds): boolean {
  return after !== undefined && after >= pruned && after >= end && after <= last;
}

/**
 * Returns the changes of a page of the change feed.
 *
 * @throws OUT_OF_RANGE when `after` is less than the pruning mark or greater than the last sequence number
 */
function changesInRange(after: number | undefined, page: FeedPage): Change[] {
  if (after !== undefined && (after < page.pruned || after > page.last)) throw outOfRange(after, page);
  return page.changes;
}

function outOfRange(after: number, { last }: StoredBounds): Failure {
  const rule =
    after > last
      ? 'must not be greater than the last sequence number of the feed'
      : 'must not be less than the pruning mark, because changes after it were pruned';
  return new Failure('OUT_OF_RANGE', `after ${rule}: read all records again, then follow without after`, {
    field: 'after',
  });
}

/** Validated options of `db.followChanges`. */
interface Follow {
  readonly after: number | undefined;
  readonly pollMs: number;
  readonly signal: AbortSignal | undefined;
}

function parseFollow(options: unknown): Follow {
  const fields = checkObject(options, 'options', followFields);
  return {
    after: ifDefined(fields.after, 'after', checkSequence),
    pollMs:
      ifDefined(fields.pollMs, 'pollMs', (value, field) => checkWholeNumber(value, field, 0, 2 ** 31 - 1)) ?? 1000,
    signal: ifDefined(fields.signal, 'signal', checkSignal),
  };
}

// Does not use `instanceof`, which would refuse an AbortSignal of another realm (another global object).
function checkSignal(value: unknown, field: string): AbortSignal {
  const isSignal = guardedRead(field, () => {
    return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
  });
  if (!isSignal) throw invalidInput(field, 'must be an AbortSignal');
  // The cast is safe: this package uses only the members `aborted` and `addEventListener` of the signal.
  return value as AbortSignal;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  try {
    return signal?.aborted === true;
  } catch {
    // Ends the iteration if `aborted` cannot be read, because then the signal could never end it.
    return true;
  }
}

/** Waits for `ms` milliseconds, or until `signal` aborts. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // A timer of Node.js accepts only a real AbortSignal. With an object that only resembles one, waits without the
    // signal.
    if (!isAborted(signal)) await sleep(ms);
  }
}

function checkSequence(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 0, Number.MAX_SAFE_INTEGER);
}

function checkPageSize(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 1, maxPageSize);
}
