import type { SecurityEventMetadataModel, SecurityEventModel } from '../generated/prisma/models';
import { columnNames, fieldsOf, recordColumns, toColumnValue, type Columns } from '../sql/columns';
import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { statementsFor } from '../sql/chunks';
import { join, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import type { EventColumns, NewEventRow } from './validation';

const eventTable: Columns<SecurityEventModel> = {
  id: ['id', 'text'],
  timestamp: ['timestamp', 'time'],
  eventType: ['event_type', 'text'],
  severity: ['severity', { enumeration: 'SecuritySeverity' }],
  source: ['source', 'text'],
  target: ['target', 'text'],
  description: ['description', 'text'],
  mitigationApplied: ['mitigation_applied', 'boolean'],
  mitigationDetails: ['mitigation_details', 'text'],
};

const metadataTable: Columns<SecurityEventMetadataModel> = {
  eventId: ['event_id', 'text'],
  key: ['key', 'text'],
  value: ['value', 'text'],
};

const eventFields = fieldsOf(eventTable);

/** Parameters of the statement {@link insertEvent}. */
export type EventParameters = ReturnType<typeof toEventParameters>;

/** Composes the statement that inserts one security event, without its metadata. */
export function insertEvent(dialect: Dialect, p: (name: keyof EventParameters) => Sql): Sql {
  const values = eventFields.map((field) => {
    return toColumnValue(dialect, eventTable[field][1], p(field === 'id' ? 'eventId' : field));
  });
  return sql`INSERT INTO security_events (${columnNames(eventTable)}) VALUES (${join(values)})`;
}

/** Returns the parameters of the statement {@link insertEvent}. */
export function toEventParameters({ columns: { id: eventId, ...columns } }: NewEventRow) {
  return { ...columns, eventId, mitigationApplied: Number(columns.mitigationApplied) };
}

/**
 * Composes the statement that inserts the metadata of any number of security events.
 *
 * @param metadata - result of {@link toMetadataSet}.
 * @param joined - SQL that joins a table. The metadata is inserted only when this table has a row.
 */
export function insertEventMetadata(dialect: Dialect, metadata: Sql, joined = sql``): Sql {
  return sql`INSERT INTO security_event_metadata (event_id, key, value)
    SELECT n.event_id, n.key, n.value FROM ${joined} ${dialect.jsonRecordSet(metadata, 'n', recordColumns(metadataTable))}`;
}

/** Returns the metadata of security events as one parameter: a JSON record set. */
export function toMetadataSet(rows: readonly NewEventRow[]): string {
  return JSON.stringify(toMetadataEntries(rows));
}

function toEventRecord(columns: EventColumns): unknown[] {
  return eventFields.map((field) => {
    const value = columns[field];
    return typeof value === 'boolean' ? Number(value) : value;
  });
}

function toMetadataEntries(rows: readonly NewEventRow[]): (readonly [id: string, key: string, value: string])[] {
  return rows.flatMap(({ columns: { id }, metadata }) => metadata.map(([key, value]) => [id, key, value] as const));
}

/** SQL statements that insert security events, for one engine. */
class EventStatements {
  readonly #insertEvent;
  readonly #insertEvents;
  readonly #insertMetadata;

  constructor(dialect: Dialect) {
    this.#insertEvent = defineStatement<EventParameters>((p) => insertEvent(dialect, p));
    this.#insertEvents = defineStatement<{ events: string }>(
      (p) => sql`INSERT INTO security_events (${columnNames(eventTable)}) SELECT ${columnNames(eventTable)}
        FROM ${dialect.jsonRecordSet(p('events'), 'n', recordColumns(eventTable))}`,
    );
    this.#insertMetadata = defineStatement<{ metadata: string }>((p) => insertEventMetadata(dialect, p('metadata')));
  }

  /** Returns the statements that insert security events with their metadata. */
  insert(rows: readonly NewEventRow[]): Statement[] {
    const statements = [this.#insert(rows)];
    const entries = toMetadataEntries(rows);
    statements.push(...statementsFor(entries, (chunk) => this.#insertMetadata({ metadata: JSON.stringify(chunk) })));
    return statements;
  }

  #insert(rows: readonly NewEventRow[]): Statement {
    const [first] = rows;
    if (first !== undefined && rows.length === 1) return this.#insertEvent(toEventParameters(first));
    const events = rows.map(({ columns }) => toEventRecord(columns));
    return this.#insertEvents({ events: JSON.stringify(events) });
  }
}

/** Returns the statements that insert security events, for an engine. */
export const eventStatements = memoizeByDialect((dialect) => new EventStatements(dialect));
