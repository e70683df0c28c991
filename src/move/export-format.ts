import { ownTables } from '../storage/own-tables';
import type { Row, Table } from './table';

/** Value of `format` in the first line of an export. */
export const exportFormat = 'ans-database';

/** Version of the format. It changes when an older version of the package could not read the file. */
export const exportVersion = 1;

/**
 * Tables that an export contains: all tables of this package, except the entries that the export appends to the event
 * chain first, and the locks of names, which exist on PostgreSQL only.
 */
export const exportedTables: readonly string[] = [...ownTables]
  .filter((name) => name !== 'security_event_pending_entries' && name !== 'name_locks')
  .sort();

/** First line of an export. */
export interface ExportHeader {
  readonly format: typeof exportFormat;
  readonly version: number;
  /** Columns of each table, in the order of the values. The file has the tables in this order. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** Last line of an export. */
export interface ExportTrailer {
  /** Number of rows of each table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Last number that each table with a counter has assigned. */
  readonly lastNumbers: Readonly<Record<string, number>>;
  /** SHA-256 of all lines before this one, with their line feeds. */
  readonly sha256: string;
}

export function headerOf(tables: readonly Table[]): ExportHeader {
  const columns = tables.map((table): [string, string[]] => [table.name, table.columns.map(({ name }) => name)]);
  return { format: exportFormat, version: exportVersion, tables: Object.fromEntries(columns) };
}

/** Returns the line of a row, without the line feed: the table's name and the values. */
export function lineOf(table: Table, row: Row): string {
  return JSON.stringify([table.name, ...row]);
}
