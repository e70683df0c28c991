import type { SecurityEventModel } from '../generated/prisma/models';
import type { BoundRow } from '../sql/model';
import { v7 as uuidv7 } from 'uuid';
import { checkBoolean, checkObject, checkOneOf, checkTime, ifDefined } from '../validation/checks';
import type { Validator } from '../validation/validator';
import { toMetadataRows, type MetadataRow } from '../metadata/metadata-rows';
import { SecuritySeverity } from './types';

/** Row of the table `security_events`. Times are in milliseconds since 1970. */
export type EventColumns = BoundRow<SecurityEventModel>;

/** Validated event, ready to be inserted. */
export interface NewEventRow {
  readonly columns: EventColumns;
  readonly metadata: readonly MetadataRow[];
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

/**
 * Parses a security event to be recorded, and adds the defaults.
 *
 * @throws INVALID_INPUT when a field is missing or invalid
 */
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

function checkSeverity(value: unknown, field: string): SecuritySeverity {
  return checkOneOf(value, SecuritySeverity, field);
}
