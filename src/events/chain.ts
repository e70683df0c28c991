import { createHash } from 'node:crypto';
import type { EventColumns, NewEventRow } from './parse-event';

/*
 * Glossary.
 * Chain: the entries, each of which has a hash over itself and its predecessor's hash.
 * Entry: what was recorded of an event, a mitigation of one, or a pruning.
 * Head: the last entry.
 * Marked entry: one whose event was pruned (kind PRUNED); its digest and hash are left.
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
  /** Of a mitigation; of a pruning, what it did: see `pruning.ts`. */
  readonly details: string | null;
  readonly enteredAt: number;
  readonly digest: string;
}

/** Content of an event as it is hashed. What is read from storage may hold values of any type, which are hashed as they are. */
export type HashedEvent = Readonly<Record<keyof EventColumns, unknown>>;

/** The entry of an event that is recorded. */
export function recordedEntry({ columns, metadata }: NewEventRow, enteredAt: number): NewEntry {
  const digest = recordedDigest(columns, metadata, enteredAt);
  return { eventId: columns.id, kind: 'RECORDED', applied: null, details: null, enteredAt, digest };
}

/** Returns the digest of an event that is recorded. */
export function recordedDigest(
  event: HashedEvent,
  metadata: readonly (readonly [key: string, value: unknown])[],
  enteredAt: unknown,
): string {
  return digestOf([
    'RECORDED',
    enteredAt,
    event.id,
    event.timestamp,
    event.eventType,
    event.severity,
    event.source,
    event.target,
    event.description,
    event.mitigationApplied,
    event.mitigationDetails,
    [...metadata].sort(([one], [other]) => (one < other ? -1 : 1)),
  ]);
}

/** The entry of a mitigation. */
export function mitigatedEntry(
  eventId: string,
  applied: boolean | null,
  details: string | null,
  enteredAt: number,
): NewEntry {
  const digest = mitigatedDigest(eventId, applied, details, enteredAt);
  return { eventId, kind: 'MITIGATED', applied, details, enteredAt, digest };
}

/** Returns the digest of a mitigation. */
export function mitigatedDigest(eventId: unknown, applied: unknown, details: unknown, enteredAt: unknown): string {
  return digestOf(['MITIGATED', enteredAt, eventId, applied, details]);
}

/** The entry of a pruning that was. */
export function pruningEntry(details: string, enteredAt: number): NewEntry {
  const digest = pruningDigest(details, enteredAt);
  return { eventId: noEvent, kind: 'PRUNED', applied: null, details, enteredAt, digest };
}

/** Returns the digest of a pruning. */
export function pruningDigest(details: unknown, enteredAt: unknown): string {
  return digestOf(['PRUNED', enteredAt, details]);
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
