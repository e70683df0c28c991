import type { Dialect, RecordColumns } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { statementsFor } from '../sql/chunks';
import { sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import type { NewEventRow } from './validation';

const eventColumns: RecordColumns = {
  id: 'text',
  timestamp: 'time',
  event_type: 'text',
  severity: { enumeration: 'SecuritySeverity' },
  source: 'text',
  target: 'text',
  description: 'text',
  mitigation_applied: 'boolean',
  mitigation_details: 'text',
};

const metadataColumns: RecordColumns = { event_id: 'text', key: 'text', value: 'text' };

/** The parameters of {@link insertEvent}. */
export type EventParameters = ReturnType<typeof toEventParameters>;

/** Inserts one event. */
export function insertEvent(dialect: Dialect, p: (name: keyof EventParameters) => Sql): Sql {
  return sql`INSERT INTO security_events (id, timestamp, event_type, severity, source, target, description,
      mitigation_applied, mitigation_details)
    VALUES (${p('eventId')}, ${dialect.fromMs(p('timestamp'))}, ${p('eventType')}, ${p('severity')}, ${p('source')},
      ${p('target')}, ${p('description')}, ${dialect.toBoolean(p('mitigationApplied'))}, ${p('mitigationDetails')})`;
}

export function toEventParameters({ columns: { id: eventId, ...columns } }: NewEventRow) {
  return { ...columns, eventId, mitigationApplied: Number(columns.mitigationApplied) };
}

/**
 * Inserts the metadata of any number of events.
 *
 * @param metadata - result of {@link toMetadataSet}.
 * @param joined - table, with its kind of join, that has a row when the metadata are to be inserted.
 */
export function insertEventMetadata(dialect: Dialect, metadata: Sql, joined = sql``): Sql {
  return sql`INSERT INTO security_event_metadata (event_id, key, value)
    SELECT n.event_id, n.key, n.value FROM ${joined} ${dialect.jsonRecordSet(metadata, 'n', metadataColumns)}`;
}

export function toMetadataSet(rows: readonly NewEventRow[]): string {
  return JSON.stringify(toMetadataEntries(rows));
}

function toMetadataEntries(rows: readonly NewEventRow[]): (readonly [id: string, key: string, value: string])[] {
  return rows.flatMap(({ columns: { id }, metadata }) => metadata.map(([key, value]) => [id, key, value] as const));
}

/** The statements that insert security events on one engine, any number of them at once. */
class EventStatements {
  readonly #insertEvent;
  readonly #insertEvents;
  readonly #insertMetadata;

  constructor(dialect: Dialect) {
    this.#insertEvent = defineStatement<EventParameters>((p) => insertEvent(dialect, p));
    this.#insertEvents = defineStatement<{ events: string }>(
      (p) => sql`INSERT INTO security_events (id, timestamp, event_type, severity, source, target, description,
          mitigation_applied, mitigation_details)
        SELECT n.id, n.timestamp, n.event_type, n.severity, n.source, n.target, n.description, n.mitigation_applied,
          n.mitigation_details
        FROM ${dialect.jsonRecordSet(p('events'), 'n', eventColumns)}`,
    );
    this.#insertMetadata = defineStatement<{ metadata: string }>((p) => insertEventMetadata(dialect, p('metadata')));
  }

  insert(rows: readonly NewEventRow[]): Statement[] {
    const statements = [this.#insert(rows)];
    const entries = toMetadataEntries(rows);
    statements.push(...statementsFor(entries, (chunk) => this.#insertMetadata({ metadata: JSON.stringify(chunk) })));
    return statements;
  }

  #insert(rows: readonly NewEventRow[]): Statement {
    const [first] = rows;
    if (first !== undefined && rows.length === 1) return this.#insertEvent(toEventParameters(first));
    const events = rows.map(({ columns }) => [
      columns.id,
      columns.timestamp,
      columns.eventType,
      columns.severity,
      columns.source,
      columns.target,
      columns.description,
      Number(columns.mitigationApplied),
      columns.mitigationDetails,
    ]);
    return this.#insertEvents({ events: JSON.stringify(events) });
  }
}

export const eventStatements = memoizeByDialect((dialect) => new EventStatements(dialect));
