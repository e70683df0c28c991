import { Failure } from '../errors/failure';
import type { ServiceSettings } from '../options/service-settings';
import { checkResultSize, rowLimit } from '../query/limit-offset';
import { refuseLimitOffset, toPage, type Page, type PageRequest } from '../query/page';
import { mapYielding } from '../runtime/event-loop';
import { withBounds } from '../sql/statement';
import { storedSpan } from '../sql/stored';
import type { Executor } from '../storage/executor';
import { answerBounds } from '../validation/limits';
import { buildEventQuery } from './query/builder';
import { buildEventAggregate, buildEventCount } from './query/counts';
import { EventCursors } from './query/cursor';
import type { EventFilter } from './query/filter-fields';
import type { ParsedEventQuery } from './query/validation';
import { toSecurityEvent } from './rows';
import type { EventCount, EventGrouping, SecurityEvent } from './types';

/*
 * Functions that read security events. Each runs at most one statement, so that its result is one snapshot.
 */

/** Returns a security event; null when it does not exist. */
export async function getEvent(executor: Executor, id: string): Promise<SecurityEvent | null> {
  const [row] = await executor.query(buildEventQuery(executor.dialect, { filter: { ids: [id] }, limit: 1 }));
  return row === undefined ? null : toSecurityEvent(row);
}

/**
 * Returns the security events that match a query, newest first.
 *
 * @throws RESULT_TOO_LARGE when a query without a limit matches more than `maxResults` events, or when the result is
 * larger than `limits.answerLength`
 */
export async function queryEvents(
  executor: Executor,
  { filter, limitOffset }: ParsedEventQuery,
  { maxResults, checks }: ServiceSettings,
): Promise<SecurityEvent[]> {
  if (filter === null || limitOffset.limit === 0) return [];
  const selection = { filter, limit: rowLimit(limitOffset, maxResults), offset: limitOffset.offset };
  const statement = buildEventQuery(executor.dialect, selection);
  const rows = await executor.query(withBounds(answerBounds(checks.limits), statement));
  checkResultSize(limitOffset, rows, maxResults);
  return mapYielding(rows, toSecurityEvent);
}

/**
 * Returns a page of the security events that match a query.
 *
 * @throws INVALID_INPUT when the query has a limit or an offset, or when the cursor belongs to another query
 */
export async function queryEventPage(
  executor: Executor,
  { filter, limitOffset }: ParsedEventQuery,
  { after, size, bounds }: PageRequest,
): Promise<Page<SecurityEvent>> {
  refuseLimitOffset(limitOffset);
  const cursors = new EventCursors(filter);
  const position = after === undefined ? undefined : cursors.decode(after);
  if (filter === null) return { items: [] };
  // Reads one event more than the page contains, to find out whether there is a next page.
  const statement = buildEventQuery(executor.dialect, { filter, limit: size + 1, after: position });
  const rows = await executor.query(withBounds(bounds, statement));
  return toPage(await mapYielding(rows, toSecurityEvent), size, (event) => cursors.encode(event));
}

/** Returns the number of security events that match a filter. With null as the filter, no event matches. */
export async function countEvents(executor: Executor, filter: EventFilter | null): Promise<number> {
  if (filter === null) return 0;
  const [row] = await executor.query(buildEventCount(executor.dialect, filter));
  return Number(row?.[0]);
}

/**
 * Groups the security events that match a filter, and counts the events of each group. With null as the filter, no
 * event matches.
 *
 * @throws RESULT_TOO_LARGE when there are more than `maxResults` groups, or when the result is larger than
 * `limits.answerLength`
 */
export async function aggregateEvents(
  executor: Executor,
  filter: EventFilter | null,
  by: EventGrouping,
  { maxResults, checks }: ServiceSettings,
): Promise<EventCount[]> {
  if (filter === null) return [];
  const statement = buildEventAggregate(executor.dialect, { filter, by, limit: maxResults + 1 });
  const rows = await executor.query(withBounds(answerBounds(checks.limits), statement));
  if (rows.length > maxResults) {
    throw new Failure('RESULT_TOO_LARGE', `more than ${maxResults} keys match: narrow the filter`);
  }
  return rows.map(([key, count]) => ({
    key: typeof key === 'string' ? key : storedSpan(key).toISOString(),
    count: Number(count),
  }));
}
