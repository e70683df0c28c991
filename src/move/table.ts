import { fitText } from '../console/text-width';
import { MoveError } from './move-error';

/** Column that exists in both databases. */
export interface Column {
  readonly name: string;
  /** Kind of the column's values. A time is a number of milliseconds since 1970. */
  readonly kind: 'text' | 'integer' | 'boolean' | 'time';
  /** Labels of the enum type of the column; undefined for a column of any other type. */
  readonly labels?: readonly string[] | undefined;
  /** True when the database assigns ascending numbers to the inserted rows in this column. */
  readonly isNumbered: boolean;
}

/** Foreign key of a table. */
export interface Reference {
  readonly columns: readonly string[];
  readonly table: string;
}

/** Table that exists in both databases. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns of the primary key, in the order of the key. */
  readonly key: readonly string[];
  readonly references: readonly Reference[];
}

/** Value of a column, in a form that is the same for SQLite and PostgreSQL. */
export type Value = string | number | boolean | null;

/** Values of a row, in the order of the columns of its table. */
export type Row = readonly Value[];

const maxKeyWidth = 100;

/** Describes a row by the values of its key only. The values in `row` may be invalid. */
function describeKey(table: Table, row: readonly unknown[]): string {
  const parts = table.key.map((name) => {
    const value = row[table.columns.findIndex((column) => column.name === name)];
    return `${name} ${fitText(typeof value === 'string' ? JSON.stringify(value) : String(value), maxKeyWidth)}`;
  });
  return `${table.name}, ${parts.join(', ')}`;
}

/** Returns the error for a row that cannot be copied to the other database. */
export function toRowError(table: Table, row: readonly unknown[], reason: string): MoveError {
  return new MoveError(`${describeKey(table, row)}: ${reason}; nothing was written`);
}

/** Quotes an SQL identifier. The result is valid on both engines. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
