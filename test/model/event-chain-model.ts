import type { EventGrouping, MitigationInput, SecurityEvent, SecurityEventQuery } from '../../src';
import { findEvents } from './event-model';
import { answers, fails, leaves, type Directory, type Prediction, type Settings } from './prediction';
import { compareCodePoints } from './text';

/**
 * Predicts `events.markMitigated`: `false` when the event does not exist. `get` and `query` return the last mitigation.
 */
export function markMitigated(directory: Directory, id: string, { applied, details }: MitigationInput): Prediction {
  const before = directory.events.get(id);
  if (before === undefined) return answers(directory, false);
  const after: SecurityEvent = { ...before, mitigationApplied: applied };
  delete after.mitigationDetails;
  if (details !== undefined) after.mitigationDetails = details;
  return leaves({ ...directory, events: new Map(directory.events).set(id, after) }, true);
}

/**
 * Predicts `events.prune`, which returns the number of removed events and keeps events of exactly the time `before`.
 */
export function prune(directory: Directory, before: Date): Prediction {
  const kept = [...directory.events].filter(([, event]) => event.timestamp >= before);
  return leaves({ ...directory, events: new Map(kept) }, directory.events.size - kept.length);
}

/** Predicts `events.aggregate`: `{ key, count }`, the highest count first. */
export function aggregate(
  directory: Directory,
  { maxResults }: Settings,
  query: SecurityEventQuery,
  { by }: { readonly by: EventGrouping },
): Prediction {
  const counts = new Map<string | number, number>();
  for (const event of findEvents(directory, query)) {
    const key = keyOf(event, by);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  if (counts.size > maxResults) return fails(directory, 'RESULT_TOO_LARGE');
  const sorted = [...counts].sort(([key, count], [otherKey, otherCount]) => {
    return otherCount - count || compareKeys(key, otherKey);
  });
  const toText = (key: string | number): string => (typeof key === 'number' ? new Date(key).toISOString() : key);
  return answers(
    directory,
    sorted.map(([key, count]) => ({ key: toText(key), count })),
  );
}

function compareKeys(first: string | number, second: string | number): number {
  if (typeof first === 'number') return first - Number(second);
  return compareCodePoints(first, String(second));
}

function keyOf(event: SecurityEvent, by: EventGrouping): string | number {
  if (typeof by !== 'string') return Math.floor(event.timestamp.getTime() / by.bucketMs) * by.bucketMs;
  return event[by];
}
