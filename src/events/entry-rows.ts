import type { MetadataRow } from '../metadata/metadata-rows';
import type { Row } from '../sql/statement';
import { mitigatedEntry, pruningEntry, recordedEntry, noEvent, type EntryKind, type NewEntry } from './chain';
import type { SecuritySeverity } from './types';

/** An entry as it is stored, with what is left of its event. */
export interface StoredEntry {
  readonly sequence: number;
  readonly eventId: string;
  readonly kind: EntryKind;
  readonly details: string | null;
  readonly digest: string;
  readonly hash: string;
  /** Whether it is of an event that was not pruned, and that is not there. */
  readonly lacksEvent: boolean;
  /** The entry that what is stored would be entered as; undefined where there is nothing left to tell by. */
  readonly content: NewEntry | undefined;
}

type EntryResultRow = readonly [
  sequence: number,
  eventId: string,
  kind: EntryKind,
  applied: unknown,
  details: string | null,
  enteredAtMs: number,
  digest: string,
  hash: string,
  id: string | null,
  timestampMs: number,
  eventType: string,
  severity: SecuritySeverity,
  source: string,
  target: string,
  description: string,
  mitigationApplied: unknown,
  mitigationDetails: string | null,
  metadata: string,
];

/** The entry that a row of `selectBatch` stands for. */
export function toStoredEntry(row: Row): StoredEntry {
  // The statement that made the row selects exactly these columns.
  const columns = row as EntryResultRow;
  const [sequence, eventId, kind, , details, , digest, hash, id] = columns;
  const lacksEvent = kind !== 'PRUNED' && id === null;
  return {
    sequence,
    eventId,
    kind,
    details,
    digest,
    hash,
    lacksEvent,
    content: lacksEvent ? undefined : contentOf(columns),
  };
}

function contentOf(columns: EntryResultRow): NewEntry | undefined {
  const [, eventId, kind, applied, details, enteredAt] = columns;
  if (kind === 'MITIGATED') {
    return mitigatedEntry(eventId, applied === null ? null : Boolean(applied), details, enteredAt);
  }
  if (kind === 'PRUNED') return eventId === noEvent ? pruningEntry(details, enteredAt) : undefined;
  const event = {
    id: eventId,
    timestamp: columns[9],
    eventType: columns[10],
    severity: columns[11],
    source: columns[12],
    target: columns[13],
    description: columns[14],
    mitigationApplied: Boolean(columns[15]),
    mitigationDetails: columns[16],
  };
  // The statement composes it of pairs of texts.
  return recordedEntry({ columns: event, metadata: JSON.parse(columns[17]) as MetadataRow[] }, enteredAt);
}
