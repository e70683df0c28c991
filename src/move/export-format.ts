import { ownTables } from '../storage/own-tables';
import type { Row, Table } from './table';

/** Value of the property `format` in the first line of an export file. */
export const exportFormat = 'ans-database';

/** Version of the export format. Increment it when older versions of this package could not read the new format. */
export const exportVersion = 1;

/**
 * Tables in an export: all tables of this package except two. The table of pending entries is empty, because they are
 * appended to the event chain before the export. The table of name locks exists only on PostgreSQL.
 */
export const exportedTables: readonly string[] = [...ownTables]
  .filter((name) => name !== 'security_event_pending_entries' && name !== 'name_locks')
  .sort();

/** First line of an export file. */
export interface ExportHeader {
  readonly format: typeof exportFormat;
  readonly version: number;
  /** Columns of each table, in the order of the values of a row. The tables have the same order as in the file. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** Last line of an export file. */
export interface ExportTrailer {
  /** Number of exported rows of each table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Highest number that the row counter of each table has assigned. Tables without a counter are absent. */
  readonly lastNumbers: Readonly<Record<string, number>>;
  /** SHA-256 hash of all lines before the last line, including their line feeds. */
  readonly sha256: string;
}

export function headerOf(tables: readonly Table[]): ExportHeader {
  const columns = tables.map((table): [string, string[]] => [table.name, table.columns.map(({ name }) => name)]);
  return { format: exportFormat, version: exportVersion, tables: Object.fromEntries(columns) };
}

/** Returns the line of an export file for a row, without the line feed: the name of the table and the values. */
export function lineOf(table: Table, row: Row): string {
  return JSON.stringify([table.name, ...row]);
}
