import { maxTimeMs, minTimeMs } from '../sql/time-range';
import { types } from 'node:util';
import { invalidInput } from '../errors/failure';
import { isStorableText } from './is-storable-text';
import { lengthOf, guardedRead } from './guarded-read';

/*
 * Checks of single values. Each check throws INVALID_INPUT with a message that names the field and the violated rule.
 */

/**
 * Returns `value` when it is a string that every engine can store and that is not too long.
 *
 * @param maxLength - maximum number of UTF-16 code units.
 * @throws INVALID_INPUT for any other value
 */
export function checkText(value: unknown, field: string, maxLength = Infinity): string {
  if (typeof value !== 'string') throw invalidInput(field, 'must be a string');
  if (value.length > maxLength) throw invalidInput(field, `must have at most ${maxLength} characters`);
  if (!isStorableText(value)) throw invalidInput(field, 'must not contain NUL or a lone surrogate');
  return value;
}

/**
 * Returns `value` when it passes {@link checkText} and is not empty.
 *
 * @throws INVALID_INPUT for any other value
 */
export function checkNonEmptyText(value: unknown, field: string, maxLength?: number): string {
  const text = checkText(value, field, maxLength);
  if (text === '') throw invalidInput(field, 'must not be empty');
  return text;
}

/**
 * Returns `value` when it is a boolean.
 *
 * @throws INVALID_INPUT for any other value
 */
export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw invalidInput(field, 'must be a boolean');
  return value;
}

/**
 * Returns the time of a Date that can be stored, in milliseconds since 1970.
 *
 * @throws INVALID_INPUT for any other value
 */
export function checkTime(value: unknown, field: string): number {
  const time = timeOf(value, field);
  if (time < minTimeMs || time > maxTimeMs) throw invalidInput(field, 'must be a time from year 1 to year 9999');
  return time;
}

/**
 * Returns the time of a Date, in milliseconds since 1970. Use it for a time that is only compared with stored times.
 * Replaces a time before year 1 or after year 9999 by a time just outside this range. Not every engine can express the
 * original time, and the result of the comparison is the same.
 *
 * @throws INVALID_INPUT when `value` is not a valid Date
 */
export function checkAnyTime(value: unknown, field: string): number {
  return Math.min(Math.max(timeOf(value, field), minTimeMs - 1), maxTimeMs + 1);
}

function timeOf(value: unknown, field: string): number {
  // Does not use `instanceof`, which would not recognize a Date of another realm (another global object).
  if (!types.isDate(value)) throw invalidInput(field, 'must be a Date');
  // Calls the original `getTime`, because the caller may have replaced the method of this Date.
  const time = Date.prototype.getTime.call(value);
  if (Number.isNaN(time)) throw invalidInput(field, 'must be a valid Date');
  return time;
}

/**
 * Returns `value` when it is an integer from `min` to `max`.
 *
 * @throws INVALID_INPUT for any other value
 */
export function checkWholeNumber(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalidInput(field, `must be an integer from ${min} to ${max}`);
  }
  return value;
}

/**
 * Returns `value` when it is one of the values of `allowed`, an array or an enum object.
 *
 * @throws INVALID_INPUT for any other value
 */
export function checkOneOf<T extends string>(
  value: unknown,
  allowed: readonly T[] | Readonly<Record<string, T>>,
  field: string,
): T {
  const choices: readonly T[] = Object.values(allowed);
  const found = choices.find((candidate) => candidate === value);
  if (found === undefined) throw invalidInput(field, `must be one of ${choices.join(', ')}`);
  return found;
}

/**
 * Calls `check` for each element of an array, with the element and its path, such as `ids[3]`. Returns the results.
 *
 * @throws INVALID_INPUT when `value` is not an array, has more than `maxLength` elements or cannot be read
 */
export function checkArray<T>(
  value: unknown,
  field: string,
  check: (element: unknown, path: string) => T,
  maxLength = Infinity,
): T[] {
  return guardedRead(field, () => {
    if (!Array.isArray(value)) throw invalidInput(field, 'must be an array');
    const length = lengthOf(value, field);
    if (length > maxLength) throw invalidInput(field, `must have at most ${maxLength} elements`);
    const elements: T[] = [];
    // Reads the array by index, because the caller may have replaced its iterator by one that never ends. A hole in the
    // array is read as undefined.
    for (let index = 0; index < length; index += 1) elements.push(check(value[index], `${field}[${index}]`));
    return elements;
  });
}

/**
 * Returns the fields of an object that are not undefined. Does not check their values. Reads each field only once,
 * because a getter may return another value the second time.
 *
 * @throws INVALID_INPUT when `value` is not a plain object, has a field that is not in `allowed`, or cannot be read
 */
export function checkObject<K extends string>(
  value: unknown,
  field: string,
  allowed: ReadonlySet<K>,
): Readonly<Partial<Record<K, unknown>>> {
  return guardedRead(field, () => {
    // Refuses an array, a Date, a Map and a promise. They may have no fields, and a query without fields would match
    // everything.
    if (Object.prototype.toString.call(value) !== '[object Object]') throw invalidInput(field, 'must be an object');
    for (const key of Object.keys(value as object)) {
      if (!allowed.has(key as K)) throw invalidInput(field, unknownField(key));
    }
    // The cast is safe, because the values of the fields stay of type unknown.
    const given = value as Readonly<Partial<Record<K, unknown>>>;
    const fields: Partial<Record<K, unknown>> = {};
    for (const key of allowed) {
      const field = given[key];
      if (field !== undefined) fields[key] = field;
    }
    return fields;
  });
}

/** Returns the result of `check` for a value; undefined for an undefined value. */
export function ifDefined<T>(
  value: unknown,
  field: string,
  check: (value: unknown, field: string) => T,
): T | undefined {
  return value === undefined ? undefined : check(value, field);
}

// Returns the message for an unknown field. It contains the name of the field only if the name looks like an
// identifier, and so like a typing error. Any other name may be data of the caller.
function unknownField(key: string): string {
  return /^[A-Za-z_]\w{0,39}$/.test(key) ? `has an unknown field: ${key}` : 'has an unknown field';
}
