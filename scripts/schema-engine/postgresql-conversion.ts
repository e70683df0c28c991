import { ColumnTypeEnum, type ColumnType } from '@prisma/driver-adapter-utils';
import pg from 'pg';

/** Conversion of the values of one PostgreSQL type for the schema engine. */
interface Conversion {
  readonly type: ColumnType;
  readonly parse: (text: string) => unknown;
}

/** The driver's own parsers; the type declaration of the driver lacks some of the types. */
const driver: { getTypeParser(oid: number): (text: string) => unknown } = pg.types;

const textArray = driver.getTypeParser(1009);

const asText: Conversion = { type: ColumnTypeEnum.Text, parse: (text) => text };
const int32: Conversion = { type: ColumnTypeEnum.Int32, parse: Number };
const int64: Conversion = { type: ColumnTypeEnum.Int64, parse: (text) => text };
const time: Conversion = { type: ColumnTypeEnum.DateTime, parse: toIsoText };

/** Conversions by the OID of the type (pg_type.dat in PostgreSQL's sources), for the catalogue and the history. */
const conversions: ReadonlyMap<number, Conversion> = new Map([
  [16, { type: ColumnTypeEnum.Boolean, parse: (text) => text === 't' }],
  // The type "char" is a single byte. PostgreSQL's catalogue uses it for kinds of objects.
  [18, { type: ColumnTypeEnum.Character, parse: (text) => text }],
  [20, int64],
  [21, int32],
  [23, int32],
  [26, int64],
  [700, { type: ColumnTypeEnum.Float, parse: Number }],
  [701, { type: ColumnTypeEnum.Double, parse: Number }],
  [1114, time],
  [1184, time],
  [1000, { type: ColumnTypeEnum.BooleanArray, parse: driver.getTypeParser(1000) }],
  [1002, { type: ColumnTypeEnum.CharacterArray, parse: textArray }],
  [1003, { type: ColumnTypeEnum.TextArray, parse: textArray }],
  [1005, { type: ColumnTypeEnum.Int32Array, parse: driver.getTypeParser(1005) }],
  [1007, { type: ColumnTypeEnum.Int32Array, parse: driver.getTypeParser(1007) }],
  [1009, { type: ColumnTypeEnum.TextArray, parse: textArray }],
  [1015, { type: ColumnTypeEnum.TextArray, parse: textArray }],
  [1016, { type: ColumnTypeEnum.Int64Array, parse: driver.getTypeParser(1016) }],
  [1028, { type: ColumnTypeEnum.Int64Array, parse: driver.getTypeParser(1028) }],
]);

/** Parsers for the results of the engine's queries; values of unknown types remain text. */
export const engineTypes = {
  getTypeParser: (oid: number) => (conversions.get(oid) ?? asText).parse,
};

/** Returns the type by which the schema engine names a PostgreSQL type. */
export function toColumnType(oid: number): ColumnType {
  return (conversions.get(oid) ?? asText).type;
}

/** Formats a time in UTC, independent of the time zone of the session. */
function toIsoText(text: string): string {
  const value = driver.getTypeParser(1184)(text);
  return value instanceof Date ? value.toISOString() : text;
}
