import { createHash } from 'node:crypto';
import { invalidInput } from '../errors/failure';
import { isStorableText } from '../validation/is-storable-text';

/** Values of the columns that the pages are ordered by. They determine the position of a cursor. */
export type CursorValue = string | number | null;

/** Cursors of another version are refused: change it whenever the order or the meaning of the values changes. */
const version = 1;

const field = 'after';

/**
 * Returns the fingerprint of a query, to which a cursor is bound: equal for equal queries, whatever the order of the
 * fields.
 *
 * @param noun - noun for the records, such as `events`.
 * @param query - the checked query with its order, as far as it decides which records come, and in which order; of
 * plain objects, arrays, strings, numbers and booleans. A field that is undefined counts as absent.
 */
export function fingerprintOf(noun: string, query: object | null): string {
  return createHash('sha256')
    .update(JSON.stringify([noun, withSortedKeys(query)]))
    .digest('base64url');
}

/** The cursor of the place after the record whose values are `key`, in the pages of the query of this fingerprint. */
export function encodeCursor(fingerprint: string, key: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify([version, fingerprint, ...key])).toString('base64url');
}

/**
 * Returns the values of a cursor.
 *
 * @param isKey - reports whether the values fit the query's order: a cursor comes from outside, and may be forged.
 * @throws INVALID_INPUT at `after` when it was not created by this package, or belongs to another query.
 */
export function decodeCursor<K extends readonly CursorValue[]>(
  cursor: string,
  fingerprint: string,
  isKey: (key: readonly CursorValue[]) => key is K,
): K {
  const [madeBy, madeFor, ...key] = partsOf(cursor);
  if (madeBy !== version) throw invalidInput(field, 'must be a nextCursor of this version of the package');
  if (madeFor !== fingerprint) throw invalidInput(field, 'must be a nextCursor of the same query');
  if (!key.every(isCursorValue) || !isKey(key)) throw noCursor();
  return key;
}

function partsOf(cursor: string): readonly unknown[] {
  const bytes = Buffer.from(cursor, 'base64url');
  // The decoder ignores characters that are not base64url.
  if (bytes.toString('base64url') !== cursor) throw noCursor();
  try {
    const parts: unknown = JSON.parse(bytes.toString());
    if (Array.isArray(parts)) return parts;
  } catch {
    // Said below: what the parser says would quote the cursor.
  }
  throw noCursor();
}

function isCursorValue(value: unknown): value is CursorValue {
  return value === null || Number.isSafeInteger(value) || (typeof value === 'string' && isStorableText(value));
}

function noCursor(): Error {
  return invalidInput(field, 'must be a nextCursor that a page returned');
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  // fromEntries makes own properties of all keys, "__proto__" too.
  return Object.fromEntries(entries.map(([key, element]) => [key, withSortedKeys(element)]));
}
