import { invalidInput } from '../errors/failure';
import type { Validator } from '../validation/validator';
import { guardedRead } from '../validation/guarded-read';
import { isPlainObject, JsonWriter, ValueAllowance, type JsonBounds } from './canonical-json';

/** Row of metadata: a key, and the canonical JSON text of its value. */
export type MetadataRow = readonly [key: string, value: string];

/** Returns the maximum sizes of a record's metadata. */
export function metadataBounds({ limits }: Validator): JsonBounds {
  const { metadataDepth, metadataBytes, metadataValues } = limits;
  return { maxDepth: metadataDepth, maxBytes: metadataBytes, values: new ValueAllowance(metadataValues) };
}

/**
 * Returns the rows of a record's metadata.
 *
 * @throws INVALID_INPUT when `metadata` is not a plain object of JSON values, or exceeds its bounds.
 */
export function toMetadataRows(metadata: unknown, field: string, checks: Validator): MetadataRow[] {
  const writer = new JsonWriter(field, metadataBounds(checks));
  const rows = guardedRead(field, () => {
    if (!isPlainObject(metadata) || Object.getOwnPropertySymbols(metadata).length > 0) {
      throw invalidInput(field, 'must be a plain object of JSON values');
    }
    return Object.keys(metadata).map((key): MetadataRow => {
      writer.quote(key);
      return [key, writer.write(metadata[key], 1)];
    });
  });
  if (writer.mayBeTooLarge) writer.checkBytes(rows.flat());
  return rows;
}

/**
 * Returns the metadata entries that a query searches for; undefined for empty metadata.
 *
 * @throws INVALID_INPUT in the same cases as {@link toMetadataRows}
 */
export function toMetadataFilter(metadata: unknown, field: string, checks: Validator): MetadataRow[] | undefined {
  const rows = toMetadataRows(metadata, field, checks);
  return rows.length === 0 ? undefined : rows;
}

/**
 * Returns the rows of a record's metadata as one parameter: a JSON object. Each value in the object is a string that
 * contains the JSON text of a metadata value.
 */
export function toEntriesJson(rows: readonly MetadataRow[]): string {
  // Composes the JSON text directly: creating an object with 100,000 properties would take longer.
  return `{${rows.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}
