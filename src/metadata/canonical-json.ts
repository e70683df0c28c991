import { invalidInput } from '../errors/failure';
import { isStorableText } from '../text/is-storable-text';

/** How deep values may be nested: far below what any JSON parser on the way can take. */
export const maxJsonDepth = 1000;

/**
 * The JSON text of `value` with the keys of every object sorted, so that equal values have equal texts (the idea of RFC
 * 8785). Differs from `JSON.stringify` in that it refuses what JSON cannot hold, where that would drop or change it, and
 * in that it keeps the sign of -0.
 *
 * @throws INVALID_INPUT at `field` for anything that is no JSON value, holds NUL or a lone surrogate, or is nested deeper
 * than {@link maxJsonDepth}, as whatever contains itself is.
 */
export function toCanonicalJson(value: unknown, field: string, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return quoteText(value, field);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value)) throw invalidInput(field, 'must not hold NaN or an infinity: JSON has none');
      return Object.is(value, -0) ? '-0' : String(value);
    case 'object':
      if (value === null) return 'null';
      if (depth >= maxJsonDepth) throw invalidInput(field, `must not be nested deeper than ${maxJsonDepth} levels`);
      return Array.isArray(value) ? arrayText(value, field, depth) : objectText(value, field, depth);
    default:
      throw invalidInput(field, 'must hold JSON values only');
  }
}

/** Whether `value` is an object of the language's own making, also of another realm, and not of some class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function quoteText(text: string, field: string): string {
  if (!isStorableText(text)) throw invalidInput(field, 'must not hold NUL or a lone surrogate');
  return JSON.stringify(text);
}

function arrayText(values: readonly unknown[], field: string, depth: number): string {
  let text = '[';
  for (let index = 0; index < values.length; index += 1) {
    text += `${index === 0 ? '' : ','}${toCanonicalJson(values[index], field, depth + 1)}`;
  }
  return `${text}]`;
}

function objectText(value: object, field: string, depth: number): string {
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) {
    throw invalidInput(field, 'must hold JSON values only');
  }
  let text = '{';
  for (const key of Object.keys(value).sort()) {
    text += `${text === '{' ? '' : ','}${quoteText(key, field)}:${toCanonicalJson(value[key], field, depth + 1)}`;
  }
  return `${text}}`;
}
