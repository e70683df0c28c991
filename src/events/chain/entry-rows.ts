import type { Row } from '../../sql/statement';
import { mitigatedDigest, noEvent, pruningDigest, recordedDigest } from './hashing';

/** Entry of the event chain, with the stored content of its event. */
export interface StoredEntry {
  readonly sequence: number;
  readonly eventId: string;
  readonly kind: string;
  readonly details: unknown;
  readonly digest: string;
  readonly hash: string;
  /** True when the event of the entry does not exist although it was not pruned. */
  readonly lacksEvent: boolean;
  /** Digest of the event's content that is stored now; undefined when the content was pruned or is missing. */
  readonly contentDigest: string | undefined;
  /** True when the stored columns that the digest does not cover have valid values. */
  readonly isSound: boolean;
}

/** Chain entry that is marked as pruned: its event was pruned, or the entry itself records a pruning. */
export interface RemovedEntry {
  readonly sequence: number;
  readonly eventId: string;
  readonly digest: string;
  readonly hash: string;
  /** True when the content that is still stored has the recorded digest. */
  readonly isUnchanged: boolean;
}

// SQLite stores values of any type in any column. Therefore these row types promise only what the code has checked.
type EntryResultRow = readonly [
  sequence: number,
  eventId: string,
  kind: string,
  applied: unknown,
  details: unknown,
  enteredAtMs: unknown,
  digest: string,
  hash: string,
  id: string | null,
  timestampMs: unknown,
  eventType: unknown,
  severity: unknown,
  source: unknown,
  target: unknown,
  description: unknown,
  mitigationApplied: unknown,
  mitigationDetails: unknown,
  metadata: string,
];

type RemovedEntryRow = readonly [
  sequence: number,
  eventId: string,
  applied: unknown,
  details: unknown,
  enteredAtMs: unknown,
  digest: string,
  hash: string,
];

/** Converts a row of the statement `selectBatch` to an entry of the event chain. */
export function toStoredEntry(row: Row): StoredEntry {
  // The cast is safe: the statement that returned the row selects the columns of `EntryResultRow`.
  const columns = row as EntryResultRow;
  const [sequence, eventId, kind, applied, details, , digest, hash, id] = columns;
  const lacksEvent = kind !== 'PRUNED' && id === null;
  return {
    sequence,
    eventId,
    kind,
    details,
    digest,
    hash,
    lacksEvent,
    contentDigest: lacksEvent ? undefined : contentDigestOf(columns),
    isSound: typeof digest === 'string' && hasSoundColumns(kind, eventId, applied, details),
  };
}

/** Converts a row of the statement `selectMarkedBeginning` to an entry that is marked as pruned. */
export function toRemovedEntry(row: Row): RemovedEntry {
  // The cast is safe: the statement that returned the row selects the columns of `RemovedEntryRow`.
  const [sequence, eventId, applied, details, enteredAtMs, digest, hash] = row as RemovedEntryRow;
  const isUnchanged =
    hasSoundColumns('PRUNED', eventId, applied, details) &&
    typeof digest === 'string' &&
    (eventId !== noEvent || pruningDigest(details, enteredAtMs) === digest);
  return { sequence, eventId, digest, hash, isUnchanged };
}

function hasSoundColumns(kind: string, eventId: unknown, applied: unknown, details: unknown): boolean {
  if (typeof eventId !== 'string') return false;
  if (kind === 'MITIGATED') return true;
  if (kind !== 'RECORDED' && kind !== 'PRUNED') return false;
  const isPruning = kind === 'PRUNED' && eventId === noEvent;
  return applied === null && (isPruning || details === null);
}

function contentDigestOf(columns: EntryResultRow): string | undefined {
  const [, eventId, kind, applied, details, enteredAt] = columns;
  if (kind === 'MITIGATED') return mitigatedDigest(eventId, toFlag(applied), details, enteredAt);
  if (kind === 'PRUNED') return eventId === noEvent ? pruningDigest(details, enteredAt) : undefined;
  const event = {
    id: eventId,
    timestamp: columns[9],
    eventType: columns[10],
    severity: columns[11],
    source: columns[12],
    target: columns[13],
    description: columns[14],
    mitigationApplied: toFlag(columns[15]),
    mitigationDetails: columns[16],
  };
  // The cast is safe: the statement builds the metadata as a JSON array of pairs.
  return recordedDigest(event, JSON.parse(columns[17]) as [string, unknown][], enteredAt);
}

// SQLite stores booleans as 0 and 1. Any other value stays unchanged, so that the hash reveals the change.
function toFlag(value: unknown): unknown {
  if (value === 0) return false;
  return value === 1 ? true : value;
}
