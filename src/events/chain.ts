import { createHash } from 'node:crypto';
import type { NewEventRow } from './parse-event';

/*
 * Glossary.
 * Chain: the entries, each of which has a hash over itself and its predecessor's hash.
 * Entry: what was recorded of an event, a mitigation of one, or a pruning.
 * Head: the last entry.
 * Gone: of an entry whose event was pruned; its digest and hash are left.
 *
 * The form of what is hashed must never change: it would break every chain there is.
 */

/** What an entry stands for. PRUNED is one whose event is gone, and, of no event, the pruning itself. */
export type EntryKind = 'MITIGATED' | 'PRUNED' | 'RECORDED';

/** What the entry of a pruning has in place of an event's id, which is never empty. */
export const noEvent = '';

/** A place of the chain. */
export interface ChainLink {
  readonly sequence: number;
  readonly hash: string;
}

/** Where a chain begins. */
export const chainStart: ChainLink = { sequence: 0, hash: '' };

/** What is entered into the chain; what it is entered as follows from its place. */
export interface NewEntry {
  readonly eventId: string;
  readonly kind: EntryKind;
  /** Of a mitigation. */
  readonly applied: boolean | null;
  /** Of a mitigation; of a pruning, what it did: see {@link Pruning}. */
  readonly details: string | null;
  readonly enteredAt: number;
  readonly digest: string;
}

/** What the entry of a pruning tells, as JSON text. What is gone can be told from what was removed by it. */
export interface Pruning {
  /** Events from before this time were pruned, in milliseconds since 1970. */
  readonly before: number;
  /** How many events were pruned until now, since the beginning. */
  readonly events: number;
  /** How many entries are gone until now, and how many prunings there were, this one included. */
  readonly gone: number;
}

/** What the entry of a pruning tells; undefined where that is nothing that this package has written. */
export function parsePruning(details: unknown): Pruning | undefined {
  if (typeof details !== 'string') return undefined;
  try {
    // Whatever it holds: the numbers are looked at, and the digest of the entry vouches for the rest.
    const { before, events, gone } = JSON.parse(details) as Pruning;
    return [before, events, gone].every(Number.isSafeInteger) ? { before, events, gone } : undefined;
  } catch {
    return undefined;
  }
}

/** The entry of an event that is recorded. */
export function recordedEntry({ columns, metadata }: NewEventRow, enteredAt: number): NewEntry {
  const digest = digestOf([
    'RECORDED',
    enteredAt,
    columns.id,
    columns.timestamp,
    columns.eventType,
    columns.severity,
    columns.source,
    columns.target,
    columns.description,
    columns.mitigationApplied,
    columns.mitigationDetails,
    [...metadata].sort(([one], [other]) => (one < other ? -1 : 1)),
  ]);
  return { eventId: columns.id, kind: 'RECORDED', applied: null, details: null, enteredAt, digest };
}

/** The entry of a mitigation. */
export function mitigatedEntry(
  eventId: string,
  applied: boolean | null,
  details: string | null,
  enteredAt: number,
): NewEntry {
  const digest = digestOf(['MITIGATED', enteredAt, eventId, applied, details]);
  return { eventId, kind: 'MITIGATED', applied, details, enteredAt, digest };
}

/** The entry of a pruning that was. */
export function pruningEntry(details: string | null, enteredAt: number): NewEntry {
  const digest = digestOf(['PRUNED', enteredAt, details]);
  return { eventId: noEvent, kind: 'PRUNED', applied: null, details, enteredAt, digest };
}

/** The place after `previous`, where an entry of this digest stands. */
export function linkAfter(previous: ChainLink, digest: string): ChainLink {
  const sequence = previous.sequence + 1;
  return { sequence, hash: hashOf(previous.hash, sequence, digest) };
}

/** The hash of an entry at a place after another of the hash `previous`. */
export function hashOf(previous: string, sequence: number, digest: string): string {
  return sha256(`${previous}:${sequence}:${digest}`);
}

function digestOf(content: readonly unknown[]): string {
  return sha256(JSON.stringify(content));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
