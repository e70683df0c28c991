import { createHash } from 'node:crypto';
import type { SecurityEventEntryModel } from '../../generated/prisma/models';
import type { BoundRow } from '../../sql/model';
import type { EventColumns, NewEventRow } from '../validation';

/*
 * Glossary. Chain: the list of entries. Each entry has a hash over itself and the hash of the previous entry. Entry:
 * the record of an event, of a mitigation, or of a pruning. Head: the last entry. Marked entry: an entry of the kind
 * PRUNED. Its event was pruned, or it records a pruning. It keeps its digest and hash.
 *
 * The form of the hashed data must never change, because a change would invalidate every existing chain.
 */

type EntryColumns = BoundRow<SecurityEventEntryModel>;

/** Event id in an entry that records a pruning. The id of an event is never empty. */
export const noEvent = '';

/** Position in the chain: the number and the hash of an entry. */
export interface ChainLink {
  readonly sequence: number;
  readonly hash: string;
}

/** Start of a chain. */
export const chainStart: ChainLink = { sequence: 0, hash: '' };

/** Content of a new entry. The sequence number and the hash are computed when the entry is added to the chain. */
export interface NewEntry {
  readonly eventId: EntryColumns['eventId'];
  /**
   * Kind of the entry. PRUNED means that the event was pruned; with an empty `eventId`, that the entry records a
   * pruning.
   */
  readonly kind: EntryColumns['kind'];
  /** State of the mitigation, for an entry of a mitigation; otherwise null. */
  readonly applied: EntryColumns['mitigationApplied'];
  /** Details of a mitigation, or the content of a pruning entry: see `pruning.ts`. */
  readonly details: EntryColumns['mitigationDetails'];
  readonly enteredAt: EntryColumns['enteredAt'];
  readonly digest: EntryColumns['digest'];
}

/** Values of an event from which its digest is computed. They may have any type, because they are hashed as stored. */
export type HashedEvent = Readonly<Record<keyof EventColumns, unknown>>;

/** Returns the entry for recording an event. */
export function recordedEntry({ columns, metadata }: NewEventRow, enteredAt: number): NewEntry {
  const digest = recordedDigest(columns, metadata, enteredAt);
  return { eventId: columns.id, kind: 'RECORDED', applied: null, details: null, enteredAt, digest };
}

/** Returns the digest of the entry for recording an event. */
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

/** Returns the entry for a mitigation. */
export function mitigatedEntry(
  eventId: string,
  applied: boolean | null,
  details: string | null,
  enteredAt: number,
): NewEntry {
  const digest = mitigatedDigest(eventId, applied, details, enteredAt);
  return { eventId, kind: 'MITIGATED', applied, details, enteredAt, digest };
}

/** Returns the digest of the entry for a mitigation. */
export function mitigatedDigest(eventId: unknown, applied: unknown, details: unknown, enteredAt: unknown): string {
  return digestOf(['MITIGATED', enteredAt, eventId, applied, details]);
}

/** Returns the entry for a pruning. */
export function pruningEntry(details: string, enteredAt: number): NewEntry {
  const digest = pruningDigest(details, enteredAt);
  return { eventId: noEvent, kind: 'PRUNED', applied: null, details, enteredAt, digest };
}

/** Returns the digest of the entry for a pruning. */
export function pruningDigest(details: unknown, enteredAt: unknown): string {
  return digestOf(['PRUNED', enteredAt, details]);
}

/** Returns the position of an entry with this digest after `previous`. */
export function linkAfter(previous: ChainLink, digest: string): ChainLink {
  const sequence = previous.sequence + 1;
  return { sequence, hash: hashOf(previous.hash, sequence, digest) };
}

/** Returns the hash of an entry. `previous` is the hash of the entry before it. */
export function hashOf(previous: string, sequence: number, digest: string): string {
  return sha256(`${previous}:${sequence}:${digest}`);
}

function digestOf(content: readonly unknown[]): string {
  return sha256(JSON.stringify(content));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
