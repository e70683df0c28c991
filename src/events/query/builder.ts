import type { Dialect } from '../../sql/dialect';
import { join, sql, type Sql } from '../../sql/sql';
import {
  allOf,
  withCost,
  costOfRecords,
  inJsonArray,
  toStatement,
  limitOffset,
  type Row,
  type Statement,
  type StatementCost,
} from '../../sql/statement';
import { storedChoice, storedFlag, storedJson, storedOptionalText, storedText, storedTime } from '../../sql/stored';
import { ownersWithMetadata } from '../../query/metadata-condition';
import type { Metadata } from '../../metadata/types';
import type { EventFilter } from '../validation';
import { SecuritySeverity, type EventGrouping, type SecurityEvent } from '../types';

/** The place of an event in the order of all queries. */
export type EventPlace = readonly [timestampMs: number, id: string];

/** Order and range of the events that match a filter. */
export interface EventSelection {
  readonly limit: number;
  readonly offset?: number | undefined;
  /** After which to begin. */
  readonly after?: EventPlace | undefined;
}

const newestFirst = sql`s.timestamp DESC, s.id ASC`;

/** Events by a filter, newest first: one statement, which finds the rows of the page first. */
export function buildEventQuery(dialect: Dialect, filter: EventFilter, selection: EventSelection): Statement {
  const composed = toStatement(sql`WITH page AS MATERIALIZED (${pageOf(dialect, filter, selection)})
    SELECT s.id, ${dialect.toMs(sql`s.timestamp`)}, s.event_type, s.severity, s.source, s.target, s.description,
      s.mitigation_applied, s.mitigation_details,
      ${dialect.jsonObjectAggregate(sql`security_event_metadata m WHERE m.event_id = s.id`)},
      ${lastMitigation(dialect.jsonArray([sql`e.mitigation_applied`, sql`e.mitigation_details`]))}
    FROM page ${dialect.lateralLookup(dialect.rowKey, 'security_events', 's', sql`page.key`)} ORDER BY ${newestFirst}`);
  return withCost(costOf(filter, selection), composed);
}

/** Longest page that is read directly in the order of an index. */
const longestQuickPage = 1001;

// One index returns the newest events of one kind, or of one source or target. With several conditions, all events that
// match one of them are read.
function costOf(filter: EventFilter, { limit, offset = 0 }: EventSelection): StatementCost | undefined {
  const { ids, eventTypes, severities, source, target, mitigationApplied, metadata } = filter;
  if (ids !== undefined) return costOfRecords(ids.length);
  if (limit + offset > longestQuickPage) return 'many';
  if (mitigationApplied !== undefined || metadata !== undefined) return 'scan';
  const kinds = [eventTypes, severities, source, target].filter((field) => field !== undefined);
  return kinds.length > 1 || (eventTypes?.length ?? 0) > maxParts ? 'scan' : undefined;
}

// An index gives the events of one type, or of one severity, in their order, so that no more than the page is read. Those of
// several would have to be sorted, however many they are: each is asked for the newest of its own.
function pageOf(dialect: Dialect, filter: EventFilter, { limit, offset = 0, after }: EventSelection): Sql {
  const select = (part: EventFilter, window: Sql): Sql => {
    const conditions = eventConditions(dialect, part);
    if (after !== undefined) conditions.push(isAfter(dialect, after));
    return sql`SELECT s.${dialect.rowKey} AS key, s.timestamp, s.id FROM security_events s
      WHERE ${allOf(conditions)} ORDER BY ${newestFirst} ${window}`;
  };
  const parts = partsOf(filter);
  if (parts.length <= 1) return select(filter, limitOffset(limit, offset));
  const selects = parts.map((part) => sql`SELECT * FROM (${select(part, limitOffset(limit + offset, 0))}) AS part`);
  return sql`SELECT s.key FROM (${join(selects, ' UNION ALL ')}) AS s ORDER BY ${newestFirst} ${limitOffset(limit, offset)}`;
}

/** Into how many parts a query is taken apart. */
const maxParts = 8;

/** The parts of a filter for events of several types or severities, unless something else leads to few of them. */
function partsOf(filter: EventFilter): readonly EventFilter[] {
  const { ids, eventTypes, severities, source, target, metadata } = filter;
  if ([ids, source, target, metadata].some((field) => field !== undefined)) return [];
  const parts =
    eventTypes?.map((type) => ({ ...filter, eventTypes: [type] })) ??
    severities?.map((severity) => ({ ...filter, severities: [severity] })) ??
    [];
  return parts.length <= maxParts ? parts : [];
}

/** Counts the events that match a filter. */
export function buildEventCount(dialect: Dialect, filter: EventFilter): Statement {
  const conditions = allOf(eventConditions(dialect, filter));
  return withCost('scan', toStatement(sql`SELECT count(*) FROM security_events s WHERE ${conditions}`));
}

/** Counts the events that match a filter in each group; the largest group comes first. */
export function buildEventAggregate(
  dialect: Dialect,
  filter: EventFilter,
  by: EventGrouping,
  limit: number,
): Statement {
  const composed = toStatement(sql`SELECT grouped.label, count(*) FROM (
      SELECT ${labelOf(dialect, by)} AS label FROM security_events s
      WHERE ${allOf(eventConditions(dialect, filter))}) AS grouped
    GROUP BY grouped.label ORDER BY count(*) DESC, grouped.label ${limitOffset(limit, 0)}`);
  return withCost('scan', composed);
}

const labels = {
  eventType: sql`s.event_type`,
  severity: sql`s.severity`,
  source: sql`s.source`,
  target: sql`s.target`,
} as const;

// Of a time bucket: its beginning. The remainder of a time before 1970 is negative.
function labelOf(dialect: Dialect, by: EventGrouping): Sql {
  if (typeof by === 'string') return labels[by];
  const stored = dialect.toMs(sql`s.timestamp`);
  const time = sql`CAST(${stored} AS BIGINT)`;
  const size = sql`CAST(${by.bucketMs} AS BIGINT)`;
  // Null for a value that is not an integer: SQLite would convert it to another number.
  return sql`CASE WHEN ${time} = ${stored} THEN ${time} - ((${time} % ${size}) + ${size}) % ${size} END`;
}

// The first condition is for the index, which the second one alone is no range of.
function isAfter(dialect: Dialect, [timestampMs, id]: EventPlace): Sql {
  const time = dialect.fromMs(sql`${timestampMs}`);
  return sql`s.timestamp <= ${time} AND (s.timestamp < ${time} OR s.id > ${id})`;
}

/** Something of the last mitigation `e` of the event `s`; null where there is none. */
function lastMitigation(what: Sql): Sql {
  return sql`(SELECT ${what} FROM security_event_entries e WHERE e.event_id = s.id AND e.kind = 'MITIGATED'
    ORDER BY e.sequence DESC LIMIT 1)`;
}

function eventConditions(dialect: Dialect, filter: EventFilter): Sql[] {
  const conditions: Sql[] = [];
  const { ids, fromMs, toMs, eventTypes, severities, source, target, mitigationApplied, metadata } = filter;
  if (ids !== undefined) conditions.push(inJsonArray(dialect, sql`s.id`, sql`${JSON.stringify(ids)}`));
  if (fromMs !== undefined) conditions.push(sql`s.timestamp >= ${dialect.fromMs(sql`${fromMs}`)}`);
  if (toMs !== undefined) conditions.push(sql`s.timestamp <= ${dialect.fromMs(sql`${toMs}`)}`);
  if (eventTypes?.length === 1) conditions.push(sql`s.event_type = ${eventTypes[0]}`);
  else if (eventTypes !== undefined)
    conditions.push(inJsonArray(dialect, sql`s.event_type`, sql`${JSON.stringify(eventTypes)}`));
  if (severities !== undefined) conditions.push(sql`s.severity IN (${join(severities)})`);
  if (source !== undefined) conditions.push(sql`s.source = ${source}`);
  if (target !== undefined) conditions.push(sql`s.target = ${target}`);
  if (mitigationApplied !== undefined) {
    const present = sql`coalesce(${lastMitigation(sql`e.mitigation_applied`)}, s.mitigation_applied)`;
    conditions.push(sql`${present} = ${dialect.toBoolean(sql`${mitigationApplied ? 1 : 0}`)}`);
  }
  if (metadata !== undefined) {
    const table = { table: 'security_event_metadata', ownerColumn: 'event_id' } as const;
    conditions.push(sql`s.id IN (${ownersWithMetadata(dialect, table, metadata)})`);
  }
  return conditions;
}

// SQLite may hold values of any type; the last two are composed as texts.
type EventResultRow = readonly [
  id: unknown,
  timestampMs: unknown,
  eventType: unknown,
  severity: unknown,
  source: unknown,
  target: unknown,
  description: unknown,
  mitigationApplied: unknown,
  mitigationDetails: unknown,
  metadata: string,
  lastMitigation: string | null,
];

const severities: ReadonlySet<SecuritySeverity> = new Set(Object.values(SecuritySeverity));

/** The event that a row of `buildEventQuery` stands for, as its last mitigation has left it. */
export function toSecurityEvent(row: Row): SecurityEvent {
  // The statement that made the row selects exactly these columns.
  const columns = row as EventResultRow;
  const id = storedText(columns[0], 'securityEvent', columns[0], 'id');
  const [applied, storedDetails] = columns[10] === null ? [columns[7], columns[8]] : toMitigation(columns[10]);
  const event: SecurityEvent = {
    id,
    timestamp: storedTime(columns[1], 'securityEvent', id, 'timestamp'),
    eventType: storedText(columns[2], 'securityEvent', id, 'eventType'),
    severity: storedChoice(columns[3], severities, 'securityEvent', id, 'severity'),
    source: storedText(columns[4], 'securityEvent', id, 'source'),
    target: storedText(columns[5], 'securityEvent', id, 'target'),
    description: storedText(columns[6], 'securityEvent', id, 'description'),
    metadata: storedJson(columns[9], 'securityEvent', id, 'metadata') as Metadata,
    mitigationApplied: storedFlag(applied, 'securityEvent', id, 'mitigationApplied'),
  };
  const details = storedOptionalText(storedDetails, 'securityEvent', id, 'mitigationDetails');
  if (details !== null) event.mitigationDetails = details;
  return event;
}

function toMitigation(json: string): readonly [applied: unknown, details: unknown] {
  // The statement composes it of exactly these.
  return JSON.parse(json) as [unknown, unknown];
}
