import type { SecurityEventModel } from '../generated/prisma/models';
import type { UncheckedValues } from '../sql/model';
import { storedChoice, storedFlag, storedJson, storedOptionalText, storedText, storedTime } from '../sql/stored';
import type { Dialect } from '../sql/dialect';
import { sql, type Sql } from '../sql/sql';
import type { Row } from '../sql/statement';
import type { Metadata } from '../metadata/types';
import { hasPendingEntries } from './chain/pending-statements';
import { SecuritySeverity, type SecurityEvent } from './types';

/**
 * Composes the SQL for all columns of an event with the alias `s`, in the order that {@link toSecurityEvent} expects.
 */
export function eventColumns(dialect: Dialect): Sql {
  const mitigation = dialect.jsonArray([sql`e.mitigation_applied`, sql`e.mitigation_details`]);
  return sql`s.id, ${dialect.toMs(sql`s.timestamp`)}, s.event_type, s.severity, s.source, s.target, s.description,
      s.mitigation_applied, s.mitigation_details,
      ${dialect.jsonObjectAggregate(sql`security_event_metadata m WHERE m.event_id = s.id`)},
      ${lastMitigation(dialect, mitigation)}`;
}

/**
 * Composes the SQL for a value of the latest mitigation `e` of the event `s`; null when the event has no mitigation.
 * Searches the pending mitigations first, because they are later than all mitigations in the event chain.
 */
export function lastMitigation(dialect: Dialect, value: Sql): Sql {
  const inChain = sql`(SELECT ${value} FROM security_event_entries e WHERE e.event_id = s.id AND e.kind = 'MITIGATED'
    ORDER BY e.sequence DESC LIMIT 1)`;
  if (!hasPendingEntries(dialect)) return inChain;
  // The range and the order make PostgreSQL use the index, even if its statistics are outdated: see `hasValue`.
  return sql`coalesce((SELECT ${value} FROM security_event_pending_entries e
    WHERE e.event_id >= s.id AND e.event_id <= s.id AND e.kind = 'MITIGATED'
    ORDER BY e.event_id DESC, e.id DESC LIMIT 1), ${inChain})`;
}

/** Row with the columns that `eventColumns` selects. The metadata and the latest mitigation are JSON texts. */
type EventResultRow = readonly [
  ...UncheckedValues<
    SecurityEventModel,
    ['id', 'timestamp', 'eventType', 'severity', 'source', 'target', 'description']
  >,
  ...StoredMitigation,
  metadata: string,
  lastMitigation: string | null,
];

type StoredMitigation = UncheckedValues<SecurityEventModel, ['mitigationApplied', 'mitigationDetails']>;

const severities: ReadonlySet<SecurityEventModel['severity']> = new Set(Object.values(SecuritySeverity));

/** Converts a row with the columns of {@link eventColumns} to the event, with the state after its latest mitigation. */
export function toSecurityEvent(row: Row): SecurityEvent {
  // The cast is safe: the statement that returned the row selects the columns of `eventColumns`.
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
    // The cast is safe: the metadata column of `eventColumns` is a JSON object.
    metadata: storedJson(columns[9], 'securityEvent', id, 'metadata') as Metadata,
    mitigationApplied: storedFlag(applied, 'securityEvent', id, 'mitigationApplied'),
  };
  const details = storedOptionalText(storedDetails, 'securityEvent', id, 'mitigationDetails');
  if (details !== null) event.mitigationDetails = details;
  return event;
}

function toMitigation(json: string): StoredMitigation {
  // The cast is safe: `eventColumns` builds the mitigation as a JSON array of these columns.
  return JSON.parse(json) as StoredMitigation;
}
