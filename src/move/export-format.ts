import { ownTables } from '../storage/own-tables';
import type { Row, Table } from './table';

/** Value of `format` in the first line of an export. */
export const exportFormat = 'ans-database';

/** Version of the export format. It changes when older versions of the package could not read a new file. */
export const exportVersion = 1;

/**
 * Tables in an export: all tables of this package except two. The pending entries of the event chain are appended to
 * the chain before the export. The locks of names exist only on PostgreSQL.
 */
export const exportedTables: readonly string[] = [...ownTables]
  .filter((name) => name !== 'security_event_pending_entries' && name !== 'name_locks')
  .sort();

/** First line of an export. */
export interface ExportHeader {
  readonly format: typeof exportFormat;
  readonly version: number;
  /** Columns of each table, in the order of the values of a row. The tables have the same order as in the file. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** Last line of an export. */
export interface ExportTrailer {
  /** Number of rows of each table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Highest number that the counter of a table has assigned, for each table with a counter. */
  readonly lastNumbers: Readonly<Record<string, number>>;
  /** SHA-256 of all lines before this one, including their line feeds. */
  readonly sha256: string;
}

export function headerOf(tables: readonly Table[]): ExportHeader {
  const columns = tables.map((table): [string, string[]] => [table.name, table.columns.map(({ name }) => name)]);
  return { format: exportFormat, version: exportVersion, tables: Object.fromEntries(columns) };
}

/** Returns the line for a row, without the line feed: the name of the table and the values. */
export function lineOf(table: Table, row: Row): string {
  return JSON.stringify([table.name, ...row]);
}
