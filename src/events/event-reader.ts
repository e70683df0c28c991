import type { ReadOptions } from '../options/read-options';
import type { Page, PageOptions } from '../query/page';
import type { SecurityEventQuery } from './query/types';
import type { EventChainVerification, EventCount, EventGrouping, SecurityEvent, VerifyEventsOptions } from './types';

/** Methods of `db.events` that read. Each returned event shows its latest mitigation. */
export interface EventReader {
  /**
   * Returns an event with its metadata, as one snapshot; null when it does not exist.
   *
   * @throws INVALID_INPUT when `id` is not a string or is empty.
   * @example
   * ```ts
   * const event = await db.events.get(id);
   * if (event !== null) console.log(event.severity, event.description);
   * ```
   */
  get(id: string, options?: ReadOptions): Promise<SecurityEvent | null>;

  /**
   * Returns the events that match all fields of a query, as one snapshot, newest first; an empty array when none
   * matches. Events of the same time are in ascending order of their ids.
   *
   * @param query - see {@link SecurityEventQuery}. Default: all events.
   * @throws RESULT_TOO_LARGE when more than `maxResults` events match a query without `limit`, or when the result is
   * larger than `limits.answerLength`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const events = await db.events.query({ minSeverity: 'HIGH', target: agentId, limit: 50 });
   * for (const { timestamp, description } of events) console.log(timestamp, description);
   * ```
   */
  query(query?: SecurityEventQuery, options?: ReadOptions): Promise<SecurityEvent[]>;

  /**
   * Returns one page of the events that match a query, as one snapshot, newest first. Events of the same time are in
   * ascending order of their ids. A page begins after the last event of the previous page. Events that are recorded or
   * pruned between two pages do not make other events repeat or disappear.
   *
   * @param query - see {@link SecurityEventQuery}; without `limit` and `offset`.
   * @returns the page. `nextCursor` is absent on the last page.
   * @throws INVALID_INPUT when an argument is invalid or `page.after` is a cursor of another query; RESULT_TOO_LARGE
   * when the page is larger than `limits.answerLength`.
   * @example
   * ```ts
   * const first = await db.events.page({ target: agentId }, { size: 50 });
   * const second = await db.events.page({ target: agentId }, { size: 50, after: first.nextCursor });
   * ```
   */
  page(query?: SecurityEventQuery, page?: PageOptions, options?: ReadOptions): Promise<Page<SecurityEvent>>;

  /**
   * Yields the events that match a query, one by one, newest first, in constant memory. Reads them in pages; each page
   * is a separate snapshot. The caller can stop at any time.
   *
   * @param query - see {@link SecurityEventQuery}; without `limit` and `offset`.
   * @throws INVALID_INPUT when an argument is invalid; during the iteration, also the errors of {@link page}.
   * @example
   * ```ts
   * for await (const event of db.events.iterate({ eventTypes: ['THREAT_DETECTED'] })) {
   *   console.log(event.timestamp, event.source);
   * }
   * ```
   */
  iterate(query?: SecurityEventQuery, options?: ReadOptions): AsyncGenerator<SecurityEvent, void, void>;

  /**
   * Counts the events that match a query. Ignores `limit` and `offset`.
   *
   * @throws INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const open = await db.events.count({ mitigationApplied: false });
   * console.log(`${open} open events`);
   * ```
   */
  count(query?: SecurityEventQuery, options?: ReadOptions): Promise<number>;

  /**
   * Groups the events that match a filter, and counts the events of each group.
   *
   * @param filter - see {@link SecurityEventQuery}; `limit` and `offset` are ignored.
   * @returns the counts, largest first. Equal counts are in ascending order of their keys, by code point or by time.
   * Groups without events are omitted.
   * @throws RESULT_TOO_LARGE when there are more than `maxResults` groups, or when the result is larger than
   * `limits.answerLength`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const perHour = await db.events.aggregate({ minSeverity: 'HIGH' }, { by: { bucketMs: 3_600_000 } });
   * for (const { key, count } of perHour) console.log(key, count);
   * ```
   */
  aggregate(
    filter: SecurityEventQuery,
    options: { readonly by: EventGrouping },
    readOptions?: ReadOptions,
  ): Promise<EventCount[]>;

  /**
   * Verifies that nobody has changed, removed or added recorded events. Reads the chain from its beginning or from the
   * last checkpoint, computes every hash again, and searches for events that are not in the chain. Reads the chain in
   * batches and in constant memory. Other calls can record, mitigate and prune meanwhile. Outside a transaction, the
   * primary answers.
   *
   * On PostgreSQL, events are appended to the chain about 100 ms after they were recorded. This call first appends the
   * pending entries. If it cannot, it verifies only the entries in the chain; `pending` is the number of the other
   * entries. Inside a transaction, it appends nothing.
   *
   * The chain has no secret key: an attacker who changes an entry and computes all later hashes again stays undetected.
   * To detect a chain that was rewritten or cut, store `head` in another system and pass it as `expected` later.
   *
   * @returns the head of the chain when it is valid, otherwise the first break; and the number of pending entries.
   * @throws INVALID_INPUT for an unknown option, or an `expected` that is not a head.
   * @example
   * ```ts
   * const result = await db.events.verify({ expected: await loadFromElsewhere() });
   * if (result.valid) await saveElsewhere(result.head);
   * else console.error(result.break.reason, result.break.sequence);
   * ```
   */
  verify(options?: VerifyEventsOptions): Promise<EventChainVerification>;
}
