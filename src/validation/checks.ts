import { maxTimeMs, minTimeMs } from '../sql/time-range';
import { types } from 'node:util';
import { invalidInput } from '../errors/failure';
import { isStorableText } from './is-storable-text';
import { lengthOf, guardedRead } from './guarded-read';

/*
 * Checks of single values. Each returns the value with its type, or throws INVALID_INPUT with a message that names
 * `field` and the rule.
 */

/** Returns a string that every engine can store. @param maxLength - in UTF-16 code units */
export function checkText(value: unknown, field: string, maxLength = Infinity): string {
  if (typeof value !== 'string') throw invalidInput(field, 'must be a string');
  if (value.length > maxLength) throw invalidInput(field, `must have at most ${maxLength} characters`);
  if (!isStorableText(value)) throw invalidInput(field, 'must not contain NUL or a lone surrogate');
  return value;
}

/** Returns a string that is not empty and that every engine can store. */
export function checkNonEmptyText(value: unknown, field: string, maxLength?: number): string {
  const text = checkText(value, field, maxLength);
  if (text === '') throw invalidInput(field, 'must not be empty');
  return text;
}

/** Returns a boolean. */
export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw invalidInput(field, 'must be a boolean');
  return value;
}

/** Returns a time that can be stored, in milliseconds since 1970. */
export function checkTime(value: unknown, field: string): number {
  const time = timeOf(value, field);
  if (time < minTimeMs || time > maxTimeMs) throw invalidInput(field, 'must be a time from year 1 to year 9999');
  return time;
}

/**
 * Returns a time to compare stored times with, in milliseconds since 1970. A time outside the storable range becomes the
 * nearest time outside of that range, because not every engine can express times that are further away. The result of
 * the comparison is the same.
 */
export function checkAnyTime(value: unknown, field: string): number {
  return Math.min(Math.max(timeOf(value, field), minTimeMs - 1), maxTimeMs + 1);
}

function timeOf(value: unknown, field: string): number {
  // Not instanceof: a Date may come from another realm.
  if (!types.isDate(value)) throw invalidInput(field, 'must be a Date');
  // The method of the value may belong to the caller and return anything.
  const time = Date.prototype.getTime.call(value);
  if (Number.isNaN(time)) throw invalidInput(field, 'must be a valid Date');
  return time;
}

/** Returns an integer from `min` to `max`. */
export function checkWholeNumber(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalidInput(field, `must be an integer from ${min} to ${max}`);
  }
  return value;
}

/** Returns one of the values of `allowed`, which may be the object of an enumeration. */
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

/** Returns the elements of an array. `check` checks each of them, and gets its path, such as `ids[3]`. */
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
    // By index, because the iterator may belong to the caller and never end. A hole counts as an element.
    for (let index = 0; index < length; index += 1) elements.push(check(value[index], `${field}[${index}]`));
    return elements;
  });
}

/**
 * Returns the fields of an object that are not undefined, and rejects unknown fields. Does not check the values. Reads
 * each field once: a getter may return another value the next time.
 */
export function checkObject<K extends string>(
  value: unknown,
  field: string,
  allowed: ReadonlySet<K>,
): Readonly<Partial<Record<K, unknown>>> {
  return guardedRead(field, () => {
    // An array, a Date, a Map or a promise may have no own fields: as a query it would match everything.
    if (Object.prototype.toString.call(value) !== '[object Object]') throw invalidInput(field, 'must be an object');
    for (const key of Object.keys(value as object)) {
      if (!allowed.has(key as K)) throw invalidInput(field, unknownField(key));
    }
    // The cast says nothing about the values, which stay unknown.
    const given = value as Readonly<Partial<Record<K, unknown>>>;
    const fields: Partial<Record<K, unknown>> = {};
    for (const key of allowed) {
      const field = given[key];
      if (field !== undefined) fields[key] = field;
    }
    return fields;
  });
}

/** Returns the result of `check`, or undefined when the value is undefined. */
export function ifDefined<T>(
  value: unknown,
  field: string,
  check: (value: unknown, field: string) => T,
): T | undefined {
  return value === undefined ? undefined : check(value, field);
}

// A short identifier is probably a misspelt field, so the message names it. Anything else may be data of the caller.
function unknownField(key: string): string {
  return /^[A-Za-z_]\w{0,39}$/.test(key) ? `has an unknown field: ${key}` : 'has an unknown field';
}
