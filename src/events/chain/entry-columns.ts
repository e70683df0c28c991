import type { SecurityEventEntryModel } from '../../generated/prisma/models';
import { recordColumns, type Columns } from '../../sql/columns';
import type { Dialect, RecordColumns } from '../../sql/dialect';
import { sql, type Sql } from '../../sql/sql';
import type { NewEntry } from './hashing';

/** Columns that the tables of chain entries and of pending entries have in common. */
export const contentTable: Columns<Omit<SecurityEventEntryModel, 'sequence' | 'hash'>> = {
  eventId: ['event_id', 'text'],
  kind: ['kind', { enumeration: 'SecurityEventEntryKind' }],
  mitigationApplied: ['mitigation_applied', 'boolean'],
  mitigationDetails: ['mitigation_details', 'text'],
  enteredAt: ['entered_at', 'time'],
  digest: ['digest', 'text'],
};

/**
 * Columns of a record set with the position and the content of chain entries. {@link toContentRecord} creates the rows.
 */
export const contentColumns: RecordColumns = { position: 'integer', ...recordColumns(contentTable) };

/** Parameters of {@link contentValues}. */
export type ContentParameters = ReturnType<typeof toContentParameters>;

export function toContentParameters({ eventId, kind, applied, details, enteredAt, digest }: NewEntry) {
  return { eventId, kind, applied: applied === null ? null : Number(applied), details, enteredAt, digest };
}

/** Composes the SQL values of one chain entry for the columns of {@link contentTable}. */
export function contentValues(dialect: Dialect, p: (name: keyof ContentParameters) => Sql): Sql {
  return sql`${p('eventId')}, ${p('kind')}, ${dialect.toBoolean(p('applied'))}, ${p('details')},
    ${dialect.fromMs(p('enteredAt'))}, ${p('digest')}`;
}

/** Returns the row of a chain entry with the columns of {@link contentColumns}. */
export function toContentRecord(entry: NewEntry, position: number): unknown[] {
  return [position, ...Object.values(toContentParameters(entry))];
}
