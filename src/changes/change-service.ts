import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../client/session';
import { invalidInput } from '../errors/failure';
import { checkObject, checkTime, checkWholeNumber, optional } from '../input/check';
import type { ReadOptions } from '../options/read-options';
import { reading } from '../input/reading';
import type { ServiceSettings } from '../options/service-settings';
import { inOneStep, limitedTo } from '../sql/statement';
import { changeStatements, toChange } from './change-statements';
import type { Change, ChangesQuery, FollowOptions, PruneChangesOptions } from './types';

const queryFields = new Set(['after', 'limit'] as const);
const followFields = new Set(['after', 'pollMs', 'signal'] as const);
const pruneFields = new Set(['before', 'batchSize'] as const);
const pageSize = 1000;
const maxPageSize = 10_000;

/** The feed of changes to agents and certificates. Every failure is a `DatabaseError`. */
export class ChangeService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Reads the feed in the order of the commits: every change that was committed, once; what is rolled back never was in
   * it. Whoever keeps the last sequence number goes on from there after any interruption.
   *
   * @returns the changes after `after`, oldest first; an empty array where there is none.
   * @throws INVALID_INPUT; RESULT_TOO_LARGE where the ids have more characters than `limits.answerLength`
   */
  read(query: ChangesQuery = {}, options?: ReadOptions): Promise<Change[]> {
    return this.#session.read('changes.read', options, async (executor) => {
      const fields = checkObject(query, 'query', queryFields);
      const after = optional(fields.after, 'after', checkSequence) ?? 0;
      const limit = optional(fields.limit, 'limit', checkPageSize) ?? pageSize;
      const { answerLength: maxLength } = this.#settings.checks.limits;
      const rows = await executor.query(
        limitedTo(maxLength, changeStatements(executor.dialect).select({ after, limit })),
      );
      return rows.map(toChange);
    });
  }

  /**
   * Follows the feed: gives each change as it is committed, and waits for the next one until `signal` ends it.
   *
   * @throws INVALID_INPUT, and whatever reading fails with: after it, follow again from the last sequence number.
   */
  async *follow(options: FollowOptions = {}): AsyncGenerator<Change, void, void> {
    const { after, pollMs, signal } = await this.#session.read('changes.read', undefined, () => {
      return Promise.resolve(parseFollow(options));
    });
    let last = after;
    while (!isAborted(signal)) {
      const changes = await this.read({ after: last });
      for (const change of changes) {
        last = change.sequence;
        yield change;
      }
      if (changes.length === pageSize) continue;
      if (pollMs === 0) return;
      await pause(pollMs, signal);
    }
  }

  /**
   * Deletes the changes from before a time, for those who have read them. The rest of the feed stays as it is.
   *
   * @returns how many.
   * @throws INVALID_INPUT
   */
  prune(options: PruneChangesOptions): Promise<number> {
    return this.#session.write('changes.prune', async (executor) => {
      const fields = checkObject(options, 'options', pruneFields);
      const before = checkTime(fields.before, 'before');
      const limit = optional(fields.batchSize, 'batchSize', checkPageSize) ?? pageSize;
      const statement = changeStatements(executor.dialect).prune({ before, limit });
      for (let count = 0; ;) {
        const { changes } = await executor.atomic(() => inOneStep(statement));
        count += changes;
        if (changes < limit) return count;
      }
    });
  }
}

interface Follow {
  readonly after: number;
  readonly pollMs: number;
  readonly signal: AbortSignal | undefined;
}

function parseFollow(options: unknown): Follow {
  const fields = checkObject(options, 'options', followFields);
  return {
    after: optional(fields.after, 'after', checkSequence) ?? 0,
    pollMs: optional(fields.pollMs, 'pollMs', (value, field) => checkWholeNumber(value, field, 0, 2 ** 31 - 1)) ?? 1000,
    signal: optional(fields.signal, 'signal', checkSignal),
  };
}

// Not instanceof: a signal may come from another realm.
function checkSignal(value: unknown, field: string): AbortSignal {
  const isSignal = reading(field, () => {
    return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
  });
  if (!isSignal) throw invalidInput(field, 'must be an AbortSignal');
  return value as AbortSignal;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  try {
    return signal?.aborted === true;
  } catch {
    // What cannot be asked could never end it.
    return true;
  }
}

/** Waits for `ms`, or until `signal` ends it. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // What only looks like a signal ends no wait, and must not keep the process busy either.
    if (!isAborted(signal)) await sleep(ms);
  }
}

function checkSequence(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 0, Number.MAX_SAFE_INTEGER);
}

function checkPageSize(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 1, maxPageSize);
}
