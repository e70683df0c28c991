import type { Executor } from '../storage/executor';
import { mapYielding } from '../runtime/event-loop';
import type { Session } from '../storage/session';
import { Failure } from '../errors/failure';
import {
  checkPage,
  readAhead,
  recordsOf,
  refuseLimitOffset,
  toPage,
  type Page,
  type PageOptions,
  type PageRequest,
} from '../query/page';
import { checkResultSize, rowLimit } from '../query/limit-offset';
import { answerBounds } from '../validation/limits';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import { withBounds, type Row, type Statement } from '../sql/statement';
import { storedSpan } from '../sql/stored';
import { buildEventQuery } from './query/builder';
import { buildEventAggregate, buildEventCount } from './query/counts';
import { EventCursors } from './query/cursor';
import { parseEventQuery } from './query/validation';
import { toSecurityEvent } from './rows';
import { parseGrouping, parseVerifyOptions } from './options';

import type { EventChainVerification, EventCount, EventGrouping, SecurityEvent, VerifyEventsOptions } from './types';
import type { SecurityEventQuery } from './query/types';
import { verifyChain } from './chain/verify';

/**
 * Finds security events. Each event shows its last mitigation.
 */
export abstract class EventReadService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Returns the event with its metadata, as one snapshot; null when it does not exist.
   *
   * @throws INVALID_INPUT when `id` is not a string, or is empty.
   * @example
   * ```ts
   * const event = await db.events.get(id);
   * if (event !== null) console.log(event.severity, event.description);
   * ```
   */
  get(id: string, options?: ReadOptions): Promise<SecurityEvent | null> {
    return this.#session.read('events.get', options, async (executor) => {
      const filter = { ids: [this.#settings.checks.id(id, 'id')] };
      const [row] = await executor.query(buildEventQuery(executor.dialect, { filter, limit: 1 }));
      return row === undefined ? null : toSecurityEvent(row);
    });
  }

  /**
   * Finds events: see {@link SecurityEventQuery} for what each field matches.
   *
   * @returns the matching events as one snapshot, newest first, ties by id; an empty array when there are none.
   * @throws RESULT_TOO_LARGE when `limit` is not given and more than `maxResults` match; INVALID_INPUT.
   * @example
   * ```ts
   * const recent = await db.events.query({ minSeverity: 'HIGH', target: agentId, limit: 50 });
   * ```
   */
  query(query: SecurityEventQuery = {}, options?: ReadOptions): Promise<SecurityEvent[]> {
    return this.#session.read('events.query', options, async (executor) => {
      const { filter, limitOffset } = parseEventQuery(query, this.#settings.checks);
      if (filter === null || limitOffset.limit === 0) return [];
      const { maxResults } = this.#settings;
      const selection = { filter, limit: rowLimit(limitOffset, maxResults), offset: limitOffset.offset };
      const rows = await this.#queryMany(executor, buildEventQuery(executor.dialect, selection));
      checkResultSize(limitOffset, rows, maxResults);
      return mapYielding(rows, toSecurityEvent);
    });
  }

  /**
   * Finds events page by page. A page begins after the last event of the previous page. When events are recorded or pruned
   * meanwhile, every other event still comes exactly once.
   *
   * @param query - see {@link SecurityEventQuery}; without `limit` and `offset`.
   * @returns a page as one snapshot, newest first, ties by id. `nextCursor` is absent on the last page.
   * @throws INVALID_INPUT, also for a cursor of another query.
   * @example
   * ```ts
   * const first = await db.events.page({ source }, { size: 50 });
   * const second = await db.events.page({ source }, { size: 50, after: first.nextCursor });
   * ```
   */
  page(query: SecurityEventQuery = {}, page?: PageOptions, options?: ReadOptions): Promise<Page<SecurityEvent>> {
    return this.#session.read('events.page', options, (executor) =>
      this.#selectPage(executor, query, checkPage(page, this.#settings.checks)),
    );
  }

  /**
   * Finds events one by one, newest first, in constant memory. Reads in pages; each page is a snapshot of its own. The caller
   * may stop at any time.
   *
   * @param query - see {@link SecurityEventQuery}; without `limit` and `offset`.
   * @throws INVALID_INPUT, and every error of reading a page.
   * @example
   * ```ts
   * for await (const event of db.events.iterate({ eventTypes: ['THREAT_DETECTED'] })) console.log(event.id);
   * ```
   */
  iterate(query: SecurityEventQuery = {}, options?: ReadOptions): AsyncGenerator<SecurityEvent, void, void> {
    return recordsOf((after) =>
      this.#session.read('events.iterate', options, (executor) =>
        readAhead(after, this.#settings.checks, (request) => this.#selectPage(executor, query, request)),
      ),
    );
  }

  /**
   * Counts the events that match. Ignores `limit` and `offset`.
   *
   * @throws INVALID_INPUT
   * @example
   * ```ts
   * const open = await db.events.count({ mitigationApplied: false });
   * ```
   */
  count(query: SecurityEventQuery = {}, options?: ReadOptions): Promise<number> {
    return this.#session.read('events.count', options, async (executor) => {
      const { filter } = parseEventQuery(query, this.#settings.checks);
      if (filter === null) return 0;
      const [row] = await executor.query(buildEventCount(executor.dialect, filter));
      return Number(row?.[0]);
    });
  }

  /**
   * Counts events in groups.
   *
   * @param filter - events to count; `limit` and `offset` are ignored.
   * @returns the counts, largest first; equal counts by key, in the order of code points or of time. Groups without
   * events are omitted.
   * @throws RESULT_TOO_LARGE when there are more than `maxResults` keys; INVALID_INPUT.
   * @example
   * ```ts
   * const perHour = await db.events.aggregate({}, { by: { bucketMs: 3_600_000 } });
   * ```
   */
  aggregate(
    filter: SecurityEventQuery,
    options: { readonly by: EventGrouping },
    readOptions?: ReadOptions,
  ): Promise<EventCount[]> {
    return this.#session.read('events.aggregate', readOptions, async (executor) => {
      const { filter: parsed } = parseEventQuery(filter, this.#settings.checks);
      const by = parseGrouping(options);
      if (parsed === null) return [];
      const { maxResults } = this.#settings;
      const statement = buildEventAggregate(executor.dialect, { filter: parsed, by, limit: maxResults + 1 });
      const rows = await this.#queryMany(executor, statement);
      if (rows.length > maxResults)
        throw new Failure('RESULT_TOO_LARGE', `more than ${maxResults} keys match: narrow the filter`);
      return rows.map(([key, count]) => {
        return {
          key: typeof key === 'string' ? key : storedSpan(key).toISOString(),
          count: Number(count),
        };
      });
    });
  }

  /**
   * Verifies that the stored events are the recorded ones. Reads the chain from its beginning or from the last checkpoint, in
   * batches and constant memory, computes every hash again, and searches for events that are not in the chain. Other calls may
   * record, mitigate and prune meanwhile. Outside a transaction, the primary answers.
   *
   * The chain has no secret key: it reveals changes unless somebody also computes all later hashes again. Store `head` in
   * another system and pass it as `expected` later, to detect a chain that was rewritten or cut as a whole.
   *
   * @returns the head of the chain when it is valid; otherwise the first break.
   * @throws INVALID_INPUT for an unknown option, or an `expected` that is not a head.
   * @example
   * ```ts
   * const kept = await db.events.verify();
   * // Later, with the head from a place that the database's writers cannot change:
   * const result = await db.events.verify({ expected: kept.head });
   * if (!result.valid) console.error(result.break.reason, result.break.sequence);
   * ```
   */
  verify(options?: VerifyEventsOptions): Promise<EventChainVerification> {
    return this.#session.read('events.verify', { consistency: 'primary' }, async (executor) => {
      const expected = parseVerifyOptions(options);
      return verifyChain(executor.dialect, (statement) => executor.query(statement), expected);
    });
  }

  #queryMany(executor: Executor, statement: Statement): Promise<readonly Row[]> {
    return executor.query(withBounds(answerBounds(this.#settings.checks.limits), statement));
  }

  async #selectPage(
    executor: Executor,
    query: SecurityEventQuery,
    { after, size, bounds }: PageRequest,
  ): Promise<Page<SecurityEvent>> {
    const { filter, limitOffset } = parseEventQuery(query, this.#settings.checks);
    refuseLimitOffset(limitOffset);
    const cursors = new EventCursors(filter);
    const position = after === undefined ? undefined : cursors.decode(after);
    if (filter === null) return { items: [] };
    const statement = buildEventQuery(executor.dialect, { filter, limit: size + 1, after: position });
    const rows = await executor.query(withBounds(bounds, statement));
    return toPage(await mapYielding(rows, toSecurityEvent), size, (event) => cursors.encode(event));
  }
}
