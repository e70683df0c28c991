import type { Dialect, RecordColumns } from '../sql/dialect';
import { perEngine } from '../sql/per-engine';
import { sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import type { NewEventRow } from './parse-event';

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

/** The statements that insert security events on one engine, any number of them at once. */
export class EventStatements {
  readonly #insertEvents;
  readonly #insertMetadata;

  constructor(dialect: Dialect) {
    this.#insertEvents = defineStatement<{ events: string }>(
      (p) => sql`INSERT INTO security_events (id, timestamp, event_type, severity, source, target, description,
          mitigation_applied, mitigation_details)
        SELECT n.id, n.timestamp, n.event_type, n.severity, n.source, n.target, n.description, n.mitigation_applied,
          n.mitigation_details
        FROM ${dialect.recordSet(p('events'), 'n', eventColumns)}`,
    );
    this.#insertMetadata = defineStatement<{ metadata: string }>(
      (p) => sql`INSERT INTO security_event_metadata (event_id, key, value)
        SELECT n.event_id, n.key, n.value FROM ${dialect.recordSet(p('metadata'), 'n', metadataColumns)}`,
    );
  }

  insert(rows: readonly NewEventRow[]): Statement[] {
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
    const metadata = rows.flatMap(({ columns: { id }, metadata }) => metadata.map(([key, value]) => [id, key, value]));
    const statements = [this.#insertEvents({ events: JSON.stringify(events) })];
    if (metadata.length > 0) statements.push(this.#insertMetadata({ metadata: JSON.stringify(metadata) }));
    return statements;
  }
}

export const eventStatements = perEngine((dialect) => new EventStatements(dialect));
