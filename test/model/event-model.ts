import { SecuritySeverity, type SecurityEvent, type SecurityEventInput, type SecurityEventQuery } from '../../src';
import { fails, generatedId, type Directory, type Outcome, type Prediction, type Settings } from './prediction';
import { compareCodePoints, holdsAll, isSame } from './text';
import { windowed } from './window-model';

/** The id. What was recorded is never changed. */
export function recordEvent(directory: Directory, input: SecurityEventInput, { nowMs }: Settings): Prediction {
  if (input.id === '' || input.eventType === '') return fails(directory, 'INVALID_INPUT');
  const known = input.id === undefined ? undefined : directory.events.get(input.id);
  if (known !== undefined) {
    const again: Outcome[] = isSame(known, toEvent(input, known.id, nowMs)) ? [{ result: known.id }] : [];
    return { outcomes: [{ code: 'ALREADY_EXISTS' }, ...again], next: () => directory };
  }
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

/** Newest first, ties by id. */
export function searchEvents(directory: Directory, query: SecurityEventQuery, { maxResults }: Settings): Prediction {
  const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);
  const events = Object.values(query).some(isEmpty)
    ? []
    : [...directory.events.values()].filter((event) => isMatch(event, query));
  events.sort((first, second) => {
    return second.timestamp.getTime() - first.timestamp.getTime() || compareCodePoints(first.id, second.id);
  });
  return windowed(directory, events, query, maxResults);
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
