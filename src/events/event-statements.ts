import type { Dialect } from '../sql/dialect';
import { join, sql, type Sql } from '../sql/sql';
import { allOf, defineStatement, isOneOf, toStatement, windowOf, type Row, type Statement } from '../sql/statement';
import { ownersWithMetadata } from '../metadata/metadata-filter';
import { toEntriesJson } from '../metadata/metadata-rows';
import type { Metadata } from '../metadata/types';
import type { EventColumns, EventFilter, NewEventRow } from './parse-event';
import type { SecurityEvent, SecuritySeverity } from './types';

/** The statements of security events on one engine that do not depend on a filter. */
export class EventStatements {
  readonly #insertEvent;
  readonly #insertMetadata;

  constructor(dialect: Dialect) {
    this.#insertEvent = defineStatement<Record<keyof EventColumns, string | number | null>>(
      (p) => sql`INSERT INTO security_events (id, timestamp, event_type, severity, source, target, description,
          mitigation_applied, mitigation_details)
        VALUES (${p('id')}, ${dialect.fromMs(p('timestamp'))}, ${p('eventType')}, ${p('severity')}, ${p('source')},
          ${p('target')}, ${p('description')}, ${dialect.toBoolean(p('mitigationApplied'))}, ${p('mitigationDetails')})`,
    );
    this.#insertMetadata = defineStatement<{ id: string; metadata: string }>(
      (p) => sql`INSERT INTO security_event_metadata (event_id, key, value)
        SELECT s.id, m.key, m.value FROM ${dialect.entries(p('metadata'), 'm')} JOIN security_events s ON s.id = ${p('id')}`,
    );
  }

  insert({ columns, metadata }: NewEventRow): Statement[] {
    const statements = [this.#insertEvent({ ...columns, mitigationApplied: columns.mitigationApplied ? 1 : 0 })];
    if (metadata.length > 0) {
      statements.push(this.#insertMetadata({ id: columns.id, metadata: toEntriesJson(metadata) }));
    }
    return statements;
  }
}

/** Events by a filter, newest first: one statement, which finds the ids of the page first. */
export function buildEventQuery(dialect: Dialect, filter: EventFilter, limit: number, offset: number): Statement {
  const orderBy = sql`s.timestamp DESC, s.id ASC`;
  return toStatement(sql`WITH page AS MATERIALIZED (
      SELECT s.id FROM security_events s WHERE ${allOf(eventConditions(dialect, filter))}
      ORDER BY ${orderBy} ${windowOf(limit, offset)})
    SELECT s.id, ${dialect.toMs(sql`s.timestamp`)}, s.event_type, s.severity, s.source, s.target, s.description,
      s.mitigation_applied, s.mitigation_details, (
        SELECT ${dialect.jsonObjectOf(sql`m.key`, sql`m.value`)} FROM security_event_metadata m WHERE m.event_id = s.id)
    FROM page CROSS JOIN security_events s WHERE s.id = page.id ORDER BY ${orderBy}`);
}

function eventConditions(dialect: Dialect, filter: EventFilter): Sql[] {
  const conditions: Sql[] = [];
  const { ids, fromMs, toMs, eventTypes, severities, source, target, mitigationApplied, metadata } = filter;
  if (ids !== undefined) conditions.push(isOneOf(dialect, sql`s.id`, ids));
  if (fromMs !== undefined) conditions.push(sql`s.timestamp >= ${dialect.fromMs(sql`${fromMs}`)}`);
  if (toMs !== undefined) conditions.push(sql`s.timestamp <= ${dialect.fromMs(sql`${toMs}`)}`);
  if (eventTypes !== undefined) conditions.push(isOneOf(dialect, sql`s.event_type`, eventTypes));
  if (severities !== undefined) conditions.push(sql`s.severity IN (${join(severities)})`);
  if (source !== undefined) conditions.push(sql`s.source = ${source}`);
  if (target !== undefined) conditions.push(sql`s.target = ${target}`);
  if (mitigationApplied !== undefined) {
    conditions.push(sql`s.mitigation_applied = ${dialect.toBoolean(sql`${mitigationApplied ? 1 : 0}`)}`);
  }
  if (metadata !== undefined && metadata.length > 0) {
    const table = { table: 'security_event_metadata', ownerColumn: 'event_id' } as const;
    conditions.push(sql`s.id IN (${ownersWithMetadata(dialect, table, metadata)})`);
  }
  return conditions;
}

type EventResultRow = readonly [
  id: string,
  timestampMs: number,
  eventType: string,
  severity: SecuritySeverity,
  source: string,
  target: string,
  description: string,
  mitigationApplied: unknown,
  mitigationDetails: string | null,
  metadata: string,
];

/** The event that a row of `buildEventQuery` stands for. */
export function toSecurityEvent(row: Row): SecurityEvent {
  // The statement that made the row selects exactly these columns.
  const columns = row as EventResultRow;
  return {
    id: columns[0],
    timestamp: new Date(columns[1]),
    eventType: columns[2],
    severity: columns[3],
    source: columns[4],
    target: columns[5],
    description: columns[6],
    metadata: JSON.parse(columns[9]) as Metadata,
    mitigationApplied: Boolean(columns[7]),
    ...(columns[8] === null ? undefined : { mitigationDetails: columns[8] }),
  };
}
