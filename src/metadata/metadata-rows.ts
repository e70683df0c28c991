import { invalidInput } from '../errors/failure';
import type { Checks } from '../input/checks';
import { reading } from '../input/reading';
import type { Limits } from '../options/limits';
import { countValues } from '../sql/answer-size';
import { isPlainObject, JsonWriter, ValueAllowance, type JsonBounds } from './canonical-json';

/** Key and canonical JSON text of one entry. */
export type MetadataRow = readonly [key: string, value: string];

/** How much metadata a record may have. */
export function metadataBounds({ limits }: Checks): JsonBounds {
  const { metadataDepth, metadataBytes, metadataValues } = limits;
  return { maxDepth: metadataDepth, maxBytes: metadataBytes, values: new ValueAllowance(metadataValues) };
}

/** @throws INVALID_INPUT when `metadata` is no plain object of JSON values, or has more of them than it may. */
export function toMetadataRows(metadata: unknown, field: string, checks: Checks): MetadataRow[] {
  const writer = new JsonWriter(field, metadataBounds(checks));
  const rows = reading(field, () => {
    if (!isPlainObject(metadata) || Object.getOwnPropertySymbols(metadata).length > 0) {
      throw invalidInput(field, 'must be an object of JSON values');
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
 * Checks the metadata that a record has when `added` are set beside `stored`, which each are right.
 *
 * @throws INVALID_INPUT where they are more together than a record may have.
 */
export function checkMergedMetadata(
  stored: readonly MetadataRow[],
  added: readonly MetadataRow[],
  { metadataBytes, metadataValues }: Limits,
): void {
  const merged = new Map([...stored, ...added]);
  // What is stored under higher limits may stay.
  if (added.every(([key, value]) => stored.some((row) => row[0] === key && row[1] === value))) return;
  let [bytes, values] = [0, 0];
  for (const [key, value] of merged) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    values += countValues(value);
  }
  if (bytes > metadataBytes) throw invalidInput('metadata', `must not be larger than ${metadataBytes} bytes of JSON`);
  if (values > metadataValues) throw invalidInput('metadata', `must not hold more than ${metadataValues} JSON values`);
}

/** What to look for in metadata; undefined where that is nothing. @throws INVALID_INPUT as {@link toMetadataRows} */
export function toMetadataFilter(metadata: unknown, field: string, checks: Checks): MetadataRow[] | undefined {
  const rows = toMetadataRows(metadata, field, checks);
  return rows.length === 0 ? undefined : rows;
}

/** The rows as one parameter: a JSON object of their texts by key. */
export function toEntriesJson(rows: readonly MetadataRow[]): string {
  // fromEntries makes own properties of all keys, "__proto__" too.
  return JSON.stringify(Object.fromEntries(rows));
}
