import { SecuritySeverity, type SecurityEvent, type SecurityEventInput, type SecurityEventQuery } from '../../src';
import { fails, generatedId, type Directory, type Prediction, type Settings } from './prediction';
import { matchesNothing } from './resolution-model';
import { compareCodePoints, holdsAll } from './text';
import { windowed } from './window-model';

/** Predicts `recordSecurityEvent`, which returns the id and never changes a recorded event. */
export function recordEvent(directory: Directory, { nowMs }: Settings, input: SecurityEventInput): Prediction {
  if (input.id === '' || input.eventType === '') return fails(directory, 'INVALID_INPUT');
  if (input.id !== undefined && directory.events.has(input.id)) return fails(directory, 'ALREADY_EXISTS');
  const next = (id: unknown): Directory => {
    return { ...directory, events: new Map(directory.events).set(String(id), toEvent(input, String(id), nowMs)) };
  };
  return { outcomes: [{ result: input.id ?? generatedId }], next };
}

function toEvent(input: SecurityEventInput, id: string, nowMs: number): SecurityEvent {
  return {
    id,
    timestamp: input.timestamp ?? new Date(nowMs),
    eventType: input.eventType,
    severity: input.severity,
    source: input.source,
    target: input.target,
    description: input.description,
    metadata: input.metadata ?? {},
    mitigationApplied: input.mitigationApplied ?? false,
    ...(input.mitigationDetails === undefined ? {} : { mitigationDetails: input.mitigationDetails }),
  };
}

/** Predicts `querySecurityEvents`: the newest event first, and events of the same time by id. */
export function searchEvents(directory: Directory, { maxResults }: Settings, query: SecurityEventQuery): Prediction {
  return windowed(directory, findEvents(directory, query), query, maxResults);
}

/** Returns all matching events; ignores `limit` and `offset`. */
export function findEvents(directory: Directory, query: SecurityEventQuery): SecurityEvent[] {
  if (matchesNothing(query)) return [];
  const events = [...directory.events.values()].filter((event) => isMatch(event, query));
  return events.sort((first, second) => {
    return second.timestamp.getTime() - first.timestamp.getTime() || compareCodePoints(first.id, second.id);
  });
}

const ranks: readonly string[] = [
  SecuritySeverity.INFO,
  SecuritySeverity.LOW,
  SecuritySeverity.MEDIUM,
  SecuritySeverity.HIGH,
  SecuritySeverity.CRITICAL,
];

function isMatch(event: SecurityEvent, query: SecurityEventQuery): boolean {
  const { ids, from, to, eventTypes, severities, minSeverity, source, target, mitigationApplied, metadata } = query;
  return (
    (ids === undefined || ids.includes(event.id)) &&
    (from === undefined || event.timestamp >= from) &&
    (to === undefined || event.timestamp <= to) &&
    (eventTypes === undefined || eventTypes.includes(event.eventType)) &&
    (severities === undefined || severities.includes(event.severity)) &&
    (minSeverity === undefined || ranks.indexOf(event.severity) >= ranks.indexOf(minSeverity)) &&
    (source === undefined || event.source === source) &&
    (target === undefined || event.target === target) &&
    (mitigationApplied === undefined || event.mitigationApplied === mitigationApplied) &&
    (metadata === undefined || holdsAll(event.metadata, metadata))
  );
}
