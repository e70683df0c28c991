import { invalidInput } from '../errors/failure';
import { isStorableText } from '../text/is-storable-text';
import { isPlainObject, toCanonicalJson } from './canonical-json';

/** Key and canonical JSON text of one entry. */
export type MetadataRow = readonly [key: string, value: string];

/** @throws INVALID_INPUT when `metadata` is no plain object of JSON values. */
export function toMetadataRows(metadata: unknown, field: string): MetadataRow[] {
  if (!isPlainObject(metadata) || Object.getOwnPropertySymbols(metadata).length > 0) {
    throw invalidInput(field, 'must be an object of JSON values');
  }
  return Object.keys(metadata).map((key) => {
    if (!isStorableText(key)) throw invalidInput(field, 'must not hold NUL or a lone surrogate');
    return [key, toCanonicalJson(metadata[key], field, 1)];
  });
}

/** The rows as one parameter: a JSON object of their texts by key. */
export function toEntriesJson(rows: readonly MetadataRow[]): string {
  // fromEntries makes own properties of all keys, "__proto__" too.
  return JSON.stringify(Object.fromEntries(rows));
}
