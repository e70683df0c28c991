import { createHash } from 'node:crypto';
import { invalidInput } from '../errors/failure';
import { isStorableText } from '../validation/is-storable-text';

/** Value in a keyset position, from which a page of results continues. */
export type CursorValue = string | number | null;

/**
 * Version of the cursor format. Increment it when the order or the meaning of the values changes. Cursors of other
 * versions are refused.
 */
const version = 1;

const field = 'after';

/**
 * Returns the fingerprint (a hash) of a query, which the cursors of the query contain. Equal queries have equal
 * fingerprints, regardless of the order of their fields.
 *
 * @param noun - noun for the records, such as `events`.
 * @param query - filter and order as plain data. A field that is undefined counts as absent.
 */
export function fingerprintOf(noun: string, query: object | null): string {
  return createHash('sha256')
    .update(JSON.stringify([noun, withSortedKeys(query)]))
    .digest('base64url');
}

/**
 * Returns the cursor that contains a keyset position.
 *
 * @param fingerprint - fingerprint of the query.
 * @param key - values of the position.
 */
export function encodeCursor(fingerprint: string, key: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify([version, fingerprint, ...key])).toString('base64url');
}

/**
 * Returns the keyset position that a cursor contains.
 *
 * @param isKey - reports whether the values have the types of the query's order. A cursor may be forged by the caller.
 * @throws INVALID_INPUT for the field `after` when this package did not create the cursor, or when the cursor belongs
 * to another query.
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
  // Encodes the bytes again to detect characters that are not base64url, because `Buffer.from` ignores them.
  if (bytes.toString('base64url') !== cursor) throw noCursor();
  try {
    const parts: unknown = JSON.parse(bytes.toString());
    if (Array.isArray(parts)) return parts;
  } catch {
    // Ignores the parser's error and throws another one below, because the parser's message would contain the cursor.
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
  // Uses `fromEntries`, which also copies a key `__proto__`; an assignment would not.
  return Object.fromEntries(entries.map(([key, element]) => [key, withSortedKeys(element)]));
}
