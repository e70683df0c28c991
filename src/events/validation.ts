import { v7 as uuidv7 } from 'uuid';
import {
  checkAnyTime,
  checkBoolean,
  checkObject,
  checkOneOf,
  checkTime,
  hasEmptyFilter,
  ifDefined,
} from '../validation/checks';
import type { Validator } from '../validation/validator';
import { checkLimitOffset, type LimitOffset } from '../query/limit-offset';
import { toMetadataFilter, toMetadataRows, type MetadataRow } from '../metadata/metadata-rows';
import { SecuritySeverity } from './types';

/** The columns of a security event. Times in milliseconds since 1970. */
export interface EventColumns {
  readonly id: string;
  readonly timestamp: number;
  readonly eventType: string;
  readonly severity: SecuritySeverity;
  readonly source: string;
  readonly target: string;
  readonly description: string;
  readonly mitigationApplied: boolean;
  readonly mitigationDetails: string | null;
}

/** A checked event, ready to be inserted. */
export interface NewEventRow {
  readonly columns: EventColumns;
  readonly metadata: readonly MetadataRow[];
}

/** Filter for events: a checked query in the form in which the database compares. */
export interface EventFilter {
  readonly ids: readonly string[] | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** Each once. */
  readonly eventTypes: readonly string[] | undefined;
  /** Severities that match both `severities` and `minSeverity`, deduplicated. */
  readonly severities: readonly SecuritySeverity[] | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly mitigationApplied: boolean | undefined;
  readonly metadata: readonly MetadataRow[] | undefined;
}

/** A checked query. `filter` is null where nothing can match. */
export interface EventQuery {
  readonly filter: EventFilter | null;
  readonly window: LimitOffset;
}

const eventFields = new Set([
  'id',
  'timestamp',
  'eventType',
  'severity',
  'source',
  'target',
  'description',
  'metadata',
  'mitigationApplied',
  'mitigationDetails',
] as const);

const queryFields = new Set([
  'ids',
  'from',
  'to',
  'eventTypes',
  'severities',
  'minSeverity',
  'source',
  'target',
  'mitigationApplied',
  'metadata',
  'limit',
  'offset',
] as const);

type QueryFields = Readonly<Partial<Record<Parameters<typeof queryFields.add>[0], unknown>>>;

/** Checks an event to be recorded and completes it. @throws INVALID_INPUT */
export function parseNewEvent(input: unknown, nowMs: number, checks: Validator): NewEventRow {
  const event = checkObject(input, 'event', eventFields);
  return {
    columns: {
      id: ifDefined(event.id, 'id', checks.id) ?? uuidv7(),
      timestamp: ifDefined(event.timestamp, 'timestamp', checkTime) ?? nowMs,
      eventType: checks.id(event.eventType, 'eventType'),
      severity: checkSeverity(event.severity, 'severity'),
      source: checks.name(event.source, 'source'),
      target: checks.name(event.target, 'target'),
      description: checks.text(event.description, 'description'),
      mitigationApplied: ifDefined(event.mitigationApplied, 'mitigationApplied', checkBoolean) ?? false,
      mitigationDetails: ifDefined(event.mitigationDetails, 'mitigationDetails', checks.text) ?? null,
    },
    metadata: ifDefined(event.metadata, 'metadata', (value, field) => toMetadataRows(value, field, checks)) ?? [],
  };
}

/** Checks a query for events, whole. @throws INVALID_INPUT */
export function parseEventQuery(input: unknown, checks: Validator): EventQuery {
  const query = checkObject(input, 'query', queryFields);
  const filter: EventFilter = {
    ids: ifDefined(query.ids, 'ids', checks.names),
    fromMs: ifDefined(query.from, 'from', checkAnyTime),
    toMs: ifDefined(query.to, 'to', checkAnyTime),
    eventTypes: ifDefined(query.eventTypes, 'eventTypes', (value, field) => [...new Set(checks.names(value, field))]),
    severities: parseSeverities(query, checks),
    source: ifDefined(query.source, 'source', checks.name),
    target: ifDefined(query.target, 'target', checks.name),
    mitigationApplied: ifDefined(query.mitigationApplied, 'mitigationApplied', checkBoolean),
    metadata: ifDefined(query.metadata, 'metadata', (value, field) => toMetadataFilter(value, field, checks)),
  };
  return { filter: hasEmptyFilter(filter) ? null : filter, window: checkLimitOffset(query) };
}

function parseSeverities(query: QueryFields, checks: Validator): SecuritySeverity[] | undefined {
  const severities = ifDefined(query.severities, 'severities', (value, field) => [
    ...new Set(checks.list(value, field, checkSeverity)),
  ]);
  const least = ifDefined(query.minSeverity, 'minSeverity', checkSeverity);
  if (least === undefined) return severities;
  // The enumeration lists them from the least to the worst.
  const ranked: SecuritySeverity[] = Object.values(SecuritySeverity);
  const severeEnough = ranked.slice(ranked.indexOf(least));
  return severities === undefined ? severeEnough : severeEnough.filter((severity) => severities.includes(severity));
}

function checkSeverity(value: unknown, field: string): SecuritySeverity {
  return checkOneOf(value, SecuritySeverity, field);
}
