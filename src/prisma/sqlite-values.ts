import { ColumnTypeEnum, type ArgType, type ColumnType } from '@prisma/driver-adapter-utils';

/**
 * Form in which Prisma's adapter stores times on SQLite: as integers in milliseconds since 1970, or as texts in ISO
 * 8601.
 */
export type TimestampFormat = 'milliseconds' | 'iso8601';

/*
 * Conversion between SQLite's values and the values of Prisma's driver adapters. The results are the same as those of
 * the official adapter for better-sqlite3 with `timestampFormat: 'unixepoch-ms'`. A test compares both adapters.
 * Integers in the rows must have the type bigint.
 */

/**
 * Types of Prisma by the declared type of an SQLite column. For all other declared types, the stored values determine
 * the type.
 */
const declaredTypes: ReadonlyMap<string, ColumnType> = new Map([
  ['DECIMAL', ColumnTypeEnum.Numeric],
  ['FLOAT', ColumnTypeEnum.Float],
  ['DOUBLE', ColumnTypeEnum.Double],
  ['DOUBLE PRECISION', ColumnTypeEnum.Double],
  ['NUMERIC', ColumnTypeEnum.Double],
  ['REAL', ColumnTypeEnum.Double],
  ['TINYINT', ColumnTypeEnum.Int32],
  ['SMALLINT', ColumnTypeEnum.Int32],
  ['MEDIUMINT', ColumnTypeEnum.Int32],
  ['INT', ColumnTypeEnum.Int32],
  ['INTEGER', ColumnTypeEnum.Int32],
  ['SERIAL', ColumnTypeEnum.Int32],
  ['INT2', ColumnTypeEnum.Int32],
  ['BIGINT', ColumnTypeEnum.Int64],
  ['UNSIGNED BIG INT', ColumnTypeEnum.Int64],
  ['INT8', ColumnTypeEnum.Int64],
  ['DATETIME', ColumnTypeEnum.DateTime],
  ['TIMESTAMP', ColumnTypeEnum.DateTime],
  ['TIME', ColumnTypeEnum.Time],
  ['DATE', ColumnTypeEnum.Date],
  ['TEXT', ColumnTypeEnum.Text],
  ['CLOB', ColumnTypeEnum.Text],
  ['CHARACTER', ColumnTypeEnum.Text],
  ['VARCHAR', ColumnTypeEnum.Text],
  ['VARYING CHARACTER', ColumnTypeEnum.Text],
  ['NCHAR', ColumnTypeEnum.Text],
  ['NATIVE CHARACTER', ColumnTypeEnum.Text],
  ['NVARCHAR', ColumnTypeEnum.Text],
  ['BLOB', ColumnTypeEnum.Bytes],
  ['BOOLEAN', ColumnTypeEnum.Boolean],
  ['JSONB', ColumnTypeEnum.Json],
]);

/**
 * Returns the Prisma type of each column. The type comes from the declared type of the column, or else from the first
 * value that is not null. Without such a value, the type is a 32-bit integer.
 */
export function toColumnTypes(
  declared: readonly (string | null)[],
  rows: readonly (readonly unknown[])[],
): ColumnType[] {
  return declared.map((type, index) => {
    const known = type === null ? undefined : declaredTypes.get(type.toUpperCase());
    if (known !== undefined) return known;
    const sample = rows.find((row) => row[index] !== null)?.[index];
    return sample === undefined ? ColumnTypeEnum.Int32 : inferColumnType(sample);
  });
}

/**
 * Converts a row of SQLite to the form that Prisma expects: times as ISO 8601 texts, and integers as numbers. An
 * integer that is too large for a number becomes a text.
 */
export function toPrismaRow(row: readonly unknown[], types: readonly ColumnType[]): unknown[] {
  return row.map((value, index) => toPrismaValue(value, types[index]));
}

/** Converts a parameter of a Prisma query to a value that SQLite accepts. */
export function toSqliteValue(argument: unknown, type: ArgType | undefined, format: TimestampFormat): unknown {
  if (typeof argument === 'boolean') return argument ? 1 : 0;
  if (argument instanceof Date) return toStoredTime(argument, format);
  if (typeof argument !== 'string') return argument;
  switch (type?.scalarType) {
    case 'int':
      return Number.parseInt(argument, 10);
    case 'float':
    case 'decimal':
      return Number.parseFloat(argument);
    case 'bigint':
      return BigInt(argument);
    case 'datetime':
      return toStoredTime(new Date(argument), format);
    case 'bytes':
      return Buffer.from(argument, 'base64');
    default:
      return argument;
  }
}

// Returns a time in the form in which it is stored, which is the same as that of Prisma's official adapter.
function toStoredTime(time: Date, format: TimestampFormat): number | string {
  return format === 'milliseconds' ? time.getTime() : time.toISOString().replace('Z', '+00:00');
}

function inferColumnType(value: unknown): ColumnType {
  switch (typeof value) {
    case 'string':
      return ColumnTypeEnum.Text;
    case 'bigint':
      return ColumnTypeEnum.Int64;
    case 'number':
      return ColumnTypeEnum.UnknownNumber;
    default:
      return ColumnTypeEnum.Bytes;
  }
}

function toPrismaValue(value: unknown, type: ColumnType | undefined): unknown {
  const isInteger = type === ColumnTypeEnum.Int32 || type === ColumnTypeEnum.Int64;
  if (typeof value === 'number' && isInteger && !Number.isInteger(value)) return Math.trunc(value);
  if (type === ColumnTypeEnum.DateTime && (typeof value === 'number' || typeof value === 'bigint')) {
    return new Date(Number(value)).toISOString();
  }
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
