import type { Dialect, RecordColumns, RecordColumnType } from './dialect';
import type { Enumeration, EnumerationName } from './model';
import { raw, type Sql } from './sql';

/** Names and types of the columns of a table, by the fields of the Prisma model. */
export type Columns<Model> = {
  readonly [Field in keyof Model & string]: readonly [column: string, type: ColumnType<NonNullable<Model[Field]>>];
};

// The brackets make a tuple of each type, so that TypeScript does not apply the conditional type to each value of an
// enumeration separately.
type ColumnType<Value> = [Value] extends [Date]
  ? 'time'
  : [Value] extends [boolean]
    ? 'boolean'
    : [Value] extends [number]
      ? 'integer'
      : string extends Value
        ? 'text'
        : { readonly enumeration: EnumerationOf<Value> };

/** Name of the enumeration in the Prisma schema that has exactly these values. */
type EnumerationOf<Values> = {
  [Name in EnumerationName]: [Values, keyof Enumeration<Name>] extends [keyof Enumeration<Name>, Values] ? Name : never;
}[EnumerationName];

/** Names and types of the columns of any Prisma model. */
type AnyColumns = Readonly<Record<string, readonly [column: string, type: RecordColumnType]>>;

/** Returns the names of a table's fields, in the order of the columns. */
export function fieldsOf<Fields extends AnyColumns>(columns: Fields): (keyof Fields & string)[] {
  return Object.keys(columns);
}

/** Returns the names of a table's columns as SQL, separated by commas. */
export function columnNames(columns: AnyColumns): Sql {
  const names = Object.values(columns).map(([name]) => name);
  return raw(names.join(', '));
}

/** Returns the types of a table's columns by their names, for a record set that contains whole rows. */
export function recordColumns(columns: AnyColumns): RecordColumns {
  return Object.fromEntries(Object.values(columns));
}

/** Composes the SQL that converts a bound parameter to the stored form of a column of type `type`. */
export function toColumnValue(dialect: Dialect, type: RecordColumnType, parameter: Sql): Sql {
  if (type === 'time') return dialect.fromMs(parameter);
  return type === 'boolean' ? dialect.toBoolean(parameter) : parameter;
}
