/*
 * Functions for text and JSON, written from the contract without code of the package.
 */

/** Returns a text with every code point in lower case. Keeps a code point whose lower case is several code points. */
export function fold(text: string): string {
  return Array.from(text, (codePoint) => {
    const lower = Array.from(codePoint.toLowerCase());
    return lower.length === 1 ? lower.join('') : codePoint;
  }).join('');
}

/** Compares two texts by code point. */
export function compareCodePoints(first: string, second: string): number {
  const [left, right] = [codePointsOf(first), codePointsOf(second)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function codePointsOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/** Returns a fingerprint without colons, in one case. */
export function bareFingerprint(fingerprint: string): string {
  return fingerprint.split(':').join('').toLowerCase();
}

/**
 * Reports whether two values are equal. The order of keys does not matter, times are compared by their value, and -0
 * equals 0.
 */
export function isSame(first: unknown, second: unknown): boolean {
  if (first === second) return true;
  if (typeof first !== 'object' || typeof second !== 'object' || first === null || second === null) return false;
  if (first instanceof Date || second instanceof Date) {
    return first instanceof Date && second instanceof Date && first.getTime() === second.getTime();
  }
  if (Array.isArray(first) !== Array.isArray(second)) return false;
  const keys = Object.keys(first);
  if (keys.length !== Object.keys(second).length) return false;
  return keys.every((key) => Object.hasOwn(second, key) && isSame(ownValue(first, key), ownValue(second, key)));
}

// Also reads the key "__proto__", for which an ordinary access would return the prototype.
function ownValue(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

/** Reports whether any text or key of `value` contains NUL or a lone surrogate. */
export function hasBadText(value: unknown): boolean {
  if (typeof value === 'string')
    return /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return false;
  return Object.keys(value).some((key) => hasBadText(key) || hasBadText(ownValue(value, key)));
}

/** Reports whether `metadata` has every key of `wanted` with exactly its value. */
export function holdsAll(metadata: object, wanted: object): boolean {
  return Object.keys(wanted).every(
    (key) => Object.hasOwn(metadata, key) && isSame(ownValue(metadata, key), ownValue(wanted, key)),
  );
}

/** Returns JSON with sorted keys, so that equal values have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, nested: unknown) => {
    if (typeof nested !== 'object' || nested === null || Array.isArray(nested)) return nested;
    const entries = Object.entries(nested).sort(([first], [second]) => compareCodePoints(first, second));
    return Object.fromEntries(entries);
  });
}
