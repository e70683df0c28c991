import { maxTimeMs, minTimeMs } from '../sql/time-range';
import { types } from 'node:util';
import { invalidInput } from '../errors/failure';
import { isStorableText } from './is-storable-text';
import { lengthOf, guardedRead } from './guarded-read';

/** Checks of single values. Each returns what it was given, narrowed, or throws INVALID_INPUT at `field`. */

/** @param maxLength - in UTF-16 code units, as JavaScript counts characters. */
export function checkText(value: unknown, field: string, maxLength = Infinity): string {
  if (typeof value !== 'string') throw invalidInput(field, 'must be a string');
  if (value.length > maxLength) throw invalidInput(field, `must have at most ${maxLength} characters`);
  if (!isStorableText(value)) throw invalidInput(field, 'must not contain NUL or a lone surrogate');
  return value;
}

export function checkNonEmptyText(value: unknown, field: string, maxLength?: number): string {
  const text = checkText(value, field, maxLength);
  if (text === '') throw invalidInput(field, 'must not be empty');
  return text;
}

export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw invalidInput(field, 'must be a boolean');
  return value;
}

/** A time that can be stored, as milliseconds since 1970. */
export function checkTime(value: unknown, field: string): number {
  const time = timeOf(value, field);
  if (time < minTimeMs || time > maxTimeMs) throw invalidInput(field, 'must be a time from year 1 to year 9999');
  return time;
}

/**
 * Any valid time, as milliseconds since 1970: what stored times may be compared with. One that is beyond them all becomes
 * the next one that is, since not every engine can express it.
 */
export function checkAnyTime(value: unknown, field: string): number {
  return Math.min(Math.max(timeOf(value, field), minTimeMs - 1), maxTimeMs + 1);
}

function timeOf(value: unknown, field: string): number {
  // Not instanceof: a Date may come from another realm.
  if (!types.isDate(value)) throw invalidInput(field, 'must be a Date');
  // Not its own method, which may be the caller's and answer with anything.
  const time = Date.prototype.getTime.call(value);
  if (Number.isNaN(time)) throw invalidInput(field, 'must be a valid Date');
  return time;
}

export function checkWholeNumber(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalidInput(field, `must be an integer from ${min} to ${max}`);
  }
  return value;
}

/** One of the values of `allowed`, which may be the object of an enumeration. */
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

/** The elements of an array, each checked by `check` under its own path. */
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
    // By its length, and not what iterates over it: a hole is an element, and an array may have an iterator without an end.
    for (let index = 0; index < length; index += 1) elements.push(check(value[index], `${field}[${index}]`));
    return elements;
  });
}

/**
 * Returns the given fields of an object; rejects unknown fields. Each field is read once, so that the checked value is
 * the used one, even when a getter returns another value next time. Does not check the values.
 */
export function checkObject<K extends string>(
  value: unknown,
  field: string,
  allowed: ReadonlySet<K>,
): Readonly<Partial<Record<K, unknown>>> {
  return guardedRead(field, () => {
    // An array, a Date, a Map or a promise may have no fields of its own at all: as a query it would match everything.
    if (Object.prototype.toString.call(value) !== '[object Object]') throw invalidInput(field, 'must be an object');
    for (const key of Object.keys(value as object)) {
      if (!allowed.has(key as K)) throw invalidInput(field, unknownField(key));
    }
    // Nothing is claimed about the values: they are unknown still.
    const given = value as Readonly<Partial<Record<K, unknown>>>;
    const fields: Partial<Record<K, unknown>> = {};
    for (const key of allowed) {
      const field = given[key];
      if (field !== undefined) fields[key] = field;
    }
    return fields;
  });
}

/** The result of `check`, or undefined where there is nothing to check. */
export function ifDefined<T>(
  value: unknown,
  field: string,
  check: (value: unknown, field: string) => T,
): T | undefined {
  return value === undefined ? undefined : check(value, field);
}

// A short identifier is a misspelt field, which helps to know; anything else may be data of the caller's.
function unknownField(key: string): string {
  return /^[A-Za-z_]\w{0,39}$/.test(key) ? `has an unknown field: ${key}` : 'has an unknown field';
}
