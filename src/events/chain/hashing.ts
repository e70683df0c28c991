import { createHash } from 'node:crypto';
import type { SecurityEventEntryModel } from '../../generated/prisma/models';
import type { BoundRow } from '../../sql/model';
import type { EventColumns, NewEventRow } from '../validation';

/*
 * Glossary. Event chain: the list of all entries. Each entry has a hash over itself and the hash of the previous entry.
 * Entry: the record of an event, of a mitigation, or of a pruning. Head: the last entry. Marked entry: an entry of the
 * kind PRUNED. Its event was pruned, or it records a pruning. A marked entry keeps its digest and hash.
 *
 * The form of the hashed data must never change, because a change would invalidate every existing chain.
 */

type EntryColumns = BoundRow<SecurityEventEntryModel>;

/** Event id in a chain entry that records a pruning. The id of an event is never empty. */
export const noEvent = '';

/** Position in the event chain: the sequence number and the hash of an entry. */
export interface ChainLink {
  readonly sequence: number;
  readonly hash: string;
}

/** Position before the first entry of an event chain. */
export const chainStart: ChainLink = { sequence: 0, hash: '' };

/**
 * Content of a new entry of the event chain. The sequence number and the hash are computed when the entry is appended.
 */
export interface NewEntry {
  readonly eventId: EntryColumns['eventId'];
  /**
   * Kind of the chain entry. PRUNED means that the event was pruned. With an empty `eventId`, PRUNED means that the
   * entry records a pruning.
   */
  readonly kind: EntryColumns['kind'];
  /** State of the mitigation that the entry records; null for any other entry. */
  readonly applied: EntryColumns['mitigationApplied'];
  /** Details of the mitigation, or the content of a pruning entry: see `Pruning`. */
  readonly details: EntryColumns['mitigationDetails'];
  readonly enteredAt: EntryColumns['enteredAt'];
  readonly digest: EntryColumns['digest'];
}

/**
 * Values of an event from which its digest is computed. They may have any type, because they are hashed as they are
 * stored.
 */
export type HashedEvent = Readonly<Record<keyof EventColumns, unknown>>;

/** Returns the chain entry that records an event. */
export function recordedEntry({ columns, metadata }: NewEventRow, enteredAt: number): NewEntry {
  const digest = recordedDigest(columns, metadata, enteredAt);
  return { eventId: columns.id, kind: 'RECORDED', applied: null, details: null, enteredAt, digest };
}

/** Returns the digest of the chain entry that records an event. */
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

/** Returns the chain entry that records a mitigation of an event. */
export function mitigatedEntry(
  eventId: string,
  applied: boolean | null,
  details: string | null,
  enteredAt: number,
): NewEntry {
  const digest = mitigatedDigest(eventId, applied, details, enteredAt);
  return { eventId, kind: 'MITIGATED', applied, details, enteredAt, digest };
}

/** Returns the digest of the chain entry that records a mitigation. */
export function mitigatedDigest(eventId: unknown, applied: unknown, details: unknown, enteredAt: unknown): string {
  return digestOf(['MITIGATED', enteredAt, eventId, applied, details]);
}

/** Returns the chain entry that records a pruning of events. */
export function pruningEntry(details: string, enteredAt: number): NewEntry {
  const digest = pruningDigest(details, enteredAt);
  return { eventId: noEvent, kind: 'PRUNED', applied: null, details, enteredAt, digest };
}

/** Returns the digest of the chain entry that records a pruning. */
export function pruningDigest(details: unknown, enteredAt: unknown): string {
  return digestOf(['PRUNED', enteredAt, details]);
}

/** Returns the sequence number and the hash of a chain entry with this digest that follows `previous`. */
export function linkAfter(previous: ChainLink, digest: string): ChainLink {
  const sequence = previous.sequence + 1;
  return { sequence, hash: hashOf(previous.hash, sequence, digest) };
}

/** Returns the hash of a chain entry. `previous` is the hash of the entry before it. */
export function hashOf(previous: string, sequence: number, digest: string): string {
  return sha256(`${previous}:${sequence}:${digest}`);
}

function digestOf(content: readonly unknown[]): string {
  return sha256(JSON.stringify(content));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
