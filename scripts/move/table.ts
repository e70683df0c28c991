import { fitText } from '../console/text-width';
import { ScriptError } from '../console/run-script';

/** A column that both databases have. */
export interface Column {
  readonly name: string;
  /** Kind of its values: a time is a number of milliseconds since 1970. */
  readonly kind: 'text' | 'integer' | 'boolean' | 'time';
  /** Of a native enum, the texts that it takes. */
  readonly labels?: readonly string[] | undefined;
  /** True when the database itself numbers the inserted rows. */
  readonly isNumbered: boolean;
}

/** Columns of a table that hold keys of another. */
export interface Reference {
  readonly columns: readonly string[];
  readonly table: string;
}

/** A table that both databases have. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
  readonly references: readonly Reference[];
}

/** Value of a column, the same for both databases. */
export type Value = string | number | boolean | null;

/** A row, its values in the order of the table's columns. */
export type Row = readonly Value[];

const widestKey = 100;

/** Describes the key of a row for people; shows nothing else of the row. `row` may hold invalid values. */
function describeKey(table: Table, row: readonly unknown[]): string {
  const parts = table.key.map((name) => {
    const value = row[table.columns.findIndex((column) => column.name === name)];
    return `${name} ${fitText(typeof value === 'string' ? JSON.stringify(value) : String(value), widestKey)}`;
  });
  return `${table.name}, ${parts.join(', ')}`;
}

/** Says that a row cannot be moved, and hence nothing is. */
export function refusedRow(table: Table, row: readonly unknown[], reason: string): ScriptError {
  return new ScriptError(`${describeKey(table, row)}: ${reason}; nothing was moved`);
}

/** A name as it stands in SQL, on either engine. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
