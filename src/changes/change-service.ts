import { setTimeout as sleep } from 'node:timers/promises';
import type { Executor } from '../storage/executor';
import type { Session } from '../storage/session';
import { Failure, invalidInput, protectedRow } from '../errors/failure';
import { checkObject, checkTime, checkWholeNumber, ifDefined } from '../validation/checks';
import { answerBounds } from '../validation/limits';
import type { ReadOptions } from '../options/read-options';
import { guardedRead } from '../validation/guarded-read';
import type { ServiceSettings } from '../options/service-settings';
import { withBounds } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { changeStatements, toFeedPage, type FeedBounds, type FeedPage } from './statements';
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

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  async read(query: ChangesQuery = {}, options?: ReadOptions): Promise<Change[]> {
    const { changes } = await this.#readPage(() => parseQuery(query), options);
    return changes;
  }

  async *follow(options: FollowOptions = {}): AsyncGenerator<Change, void, void> {
    const { after, pollMs, signal } = await this.#session.read('changes.read', undefined, () => {
      return Promise.resolve(parseFollow(options));
    });
    for (let last = after; !isAborted(signal);) {
      const page = await this.#readPage(() => ({ after: last, limit: pageSize }));
      for (const change of page.changes) {
        last = change.sequence;
        yield change;
      }
      if (page.changes.length === pageSize) continue;
      // While no change has been read, continues after the present end of the feed. Without this position, changes that
      // are written and pruned during the pause would be skipped without an error.
      last ??= page.last;
      if (pollMs === 0) return;
      await pause(pollMs, signal);
    }
  }

  prune(options: PruneChangesOptions): Promise<number> {
    return this.#session.write('changes.prune', async (executor) => {
      const fields = checkObject(options, 'options', pruneFields);
      const before = checkTime(fields.before, 'before');
      const limit = ifDefined(fields.batchSize, 'batchSize', checkPageSize) ?? pageSize;
      this.#refuseInsideTransaction();
      for (let count = 0; ;) {
        const pruned = await executor.withTransaction((tx) => pruneOldest(tx, before, limit));
        count += pruned;
        if (pruned < limit) return count;
      }
    });
  }

  // A replica may lack the last changes, so only the primary can decide that a position is ahead of the feed.
  async #readPage(parse: () => Position, options?: ReadOptions): Promise<FeedPage> {
    const [position, page] = await this.#query(parse, options);
    if (isInRange(position, page)) return page;
    return this.#session.read('changes.read', { consistency: 'primary' }, async (executor) => {
      const current = await this.#select(executor, position);
      if (!isInRange(position, current)) throw outOfRange(position, current);
      return current;
    });
  }

  #query(parse: () => Position, options: ReadOptions | undefined): Promise<readonly [Position, FeedPage]> {
    return this.#session.read('changes.read', options, async (executor) => {
      const position = parse();
      this.#refuseInsideTransaction();
      return [position, await this.#select(executor, position)] as const;
    });
  }

  async #select(executor: Executor, { after = 0, limit }: Position): Promise<FeedPage> {
    const bounds = answerBounds(this.#settings.checks.limits);
    return toFeedPage(
      await executor.query(withBounds(bounds, changeStatements(executor.dialect).select({ after, limit }))),
    );
  }

  // The changes of a transaction get their sequence numbers when it commits, so the feed cannot contain them earlier.
  #refuseInsideTransaction(): void {
    if (!this.#session.isTransaction) return;
    throw new Failure('CONFLICT', 'the change feed cannot be used inside a transaction: use it after the transaction', {
      retryable: false,
    });
  }
}

/** A part of the feed. */
interface Position {
  /** Sequence number after which the part begins; undefined for the oldest kept change. */
  readonly after: number | undefined;
  readonly limit: number;
}

function parseQuery(query: unknown): Position {
  const fields = checkObject(query, 'query', queryFields);
  return {
    after: ifDefined(fields.after, 'after', checkSequence),
    limit: ifDefined(fields.limit, 'limit', checkPageSize) ?? pageSize,
  };
}

function isInRange({ after }: Position, { pruned, last }: FeedBounds): boolean {
  return after === undefined || (after >= pruned && after <= last);
}

function outOfRange({ after = 0 }: Position, { last }: FeedBounds): Failure {
  const rule =
    after > last
      ? 'must not be greater than the last sequence number of the feed'
      : 'must not be less than the pruning mark, because changes after it were pruned';
  return new Failure('OUT_OF_RANGE', `after ${rule}: read all records again, then follow without after`, {
    field: 'after',
  });
}

async function pruneOldest(tx: Transaction, before: number, limit: number): Promise<number> {
  const statements = changeStatements(tx.dialect);
  if (statements.lockPruning !== undefined) await tx.query(statements.lockPruning);
  const [row] = await tx.query(statements.selectPrunable({ before, limit }));
  const [count, last] = row ?? [];
  if (typeof last !== 'number') return 0;
  tx.executeAtCommit([statements.markPruned({ last })]);
  const deleted = await tx.execute(statements.deletePruned({ last }));
  // A row security policy may let the role see changes but not delete them. The server does not report that.
  if (deleted < Number(count)) throw protectedRow();
  tx.executeAtCommit([statements.deleteOlderMarks({ last })]);
  return Number(count);
}

/** Validated options of following the feed. */
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

// Does not use instanceof, because a signal may come from another realm.
function checkSignal(value: unknown, field: string): AbortSignal {
  const isSignal = guardedRead(field, () => {
    return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
  });
  if (!isSignal) throw invalidInput(field, 'must be an AbortSignal');
  // The package uses only the two members that were found.
  return value as AbortSignal;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  try {
    return signal?.aborted === true;
  } catch {
    // A signal whose `aborted` property cannot be read could never end the wait.
    return true;
  }
}

/** Waits for `ms`, or until `signal` aborts. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // The timer refuses an object that only resembles a signal. Waits without the signal, so that the loop does not
    // spin.
    if (!isAborted(signal)) await sleep(ms);
  }
}

function checkSequence(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 0, Number.MAX_SAFE_INTEGER);
}

function checkPageSize(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 1, maxPageSize);
}
