import { invalidInput } from '../errors/failure';
import { lengthOf, guardedRead } from '../validation/guarded-read';
import { isStorableText } from '../validation/is-storable-text';

/**
 * Maximum number of levels of nesting in a JSON value. Every JSON parser that reads the stored values supports more.
 */
const maxJsonDepth = 1000;

/** Bounds for the size of a JSON text. */
export interface JsonBounds {
  readonly maxDepth: number;
  /** Maximum number of bytes of the JSON text in UTF-8. */
  readonly maxBytes: number;
  readonly values: ValueAllowance;
}

/** Counts the JSON values that may still be written. Several JSON texts can share one object, and so one limit. */
export class ValueAllowance {
  readonly max: number;
  #left: number;

  constructor(max: number) {
    this.max = max;
    this.#left = max;
  }

  /** Counts one JSON value. Returns false when there are more values than allowed. */
  take(): boolean {
    this.#left -= 1;
    return this.#left >= 0;
  }
}

const widestBounds: JsonBounds = { maxDepth: maxJsonDepth, maxBytes: Infinity, values: new ValueAllowance(Infinity) };

/**
 * Returns the JSON text of `value` with the keys of every object sorted, so that equal values have equal texts (as in
 * RFC 8785). The text of -0 is `0`. Unlike `JSON.stringify`, never changes or omits a value that JSON cannot represent,
 * such as undefined: rejects it.
 *
 * @throws INVALID_INPUT at `field` when the value is not valid JSON, when it contains NUL or a lone surrogate, or when
 * it exceeds `bounds`. An object that contains itself exceeds the maximum depth.
 */
export function toCanonicalJson(value: unknown, field: string, bounds = widestBounds): string {
  const writer = new JsonWriter(field, bounds);
  const text = guardedRead(field, () => writer.write(value, 0));
  if (writer.mayBeTooLarge) writer.checkBytes([text]);
  return text;
}

/** Writes values as canonical JSON. The bounds apply to the total of all values that one writer has written. */
export class JsonWriter {
  readonly #field: string;
  readonly #bounds: JsonBounds;
  /**
   * Number of characters that can still be written. At most `maxBytes` characters are possible, because each takes at
   * least one byte.
   */
  #room: number;

  constructor(field: string, bounds: JsonBounds) {
    this.#field = field;
    this.#bounds = bounds;
    this.#room = bounds.maxBytes;
  }

  /**
   * Returns the canonical JSON text of a value, with sorted keys.
   *
   * @param depth - nesting depth of the value.
   */
  write(value: unknown, depth: number): string {
    // Counts the JSON values, because even a short value, such as `{}`, takes tens of bytes of memory when it is
    // parsed.
    if (!this.#bounds.values.take()) throw this.#tooMany();
    switch (typeof value) {
      case 'string':
        return this.quote(value);
      case 'boolean':
        return this.#take(value ? 'true' : 'false');
      case 'number':
        if (!Number.isFinite(value))
          throw invalidInput(this.#field, 'must not contain NaN or Infinity, which JSON cannot represent');
        // Writes -0 as "0": JSON parsers disagree on "-0", and equal numbers must have equal texts.
        return this.#take(String(value));
      case 'object': {
        if (value === null) return this.#take('null');
        const { maxDepth } = this.#bounds;
        if (depth >= maxDepth) throw invalidInput(this.#field, `must have at most ${maxDepth} levels of nesting`);
        // Subtracts the two brackets of the array or object from the number of characters that can still be written.
        this.#room -= 2;
        return Array.isArray(value) ? this.#array(value, depth) : this.#object(value, depth);
      }
      default:
        throw invalidInput(this.#field, 'must contain only JSON values');
    }
  }

  /** Returns a string value, or a key, as a JSON string in quotes. */
  quote(text: string): string {
    // Checks the length first, because scanning a text that is much too long would take long.
    if (text.length > this.#room) throw this.#tooLarge();
    if (!isStorableText(text)) throw invalidInput(this.#field, 'must not contain NUL or a lone surrogate');
    return this.#take(JSON.stringify(text));
  }

  /**
   * True when the bytes of the written text must be counted, because there may be more than `maxBytes`. A character has
   * at most three bytes in UTF-8.
   */
  get mayBeTooLarge(): boolean {
    return 3 * this.#room < 2 * this.#bounds.maxBytes;
  }

  /**
   * Checks the total size of JSON texts.
   *
   * @throws INVALID_INPUT when the texts have more than `maxBytes` bytes
   */
  checkBytes(texts: readonly string[]): void {
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    if (bytes > this.#bounds.maxBytes) throw this.#tooLarge();
  }

  #array(values: readonly unknown[], depth: number): string {
    const length = lengthOf(values, this.#field);
    if (length > this.#room) throw this.#tooLarge();
    let text = '[';
    for (let index = 0; index < length; index += 1) {
      text += `${index === 0 ? '' : ','}${this.write(values[index], depth + 1)}`;
    }
    return `${text}]`;
  }

  #object(value: object, depth: number): string {
    if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) {
      throw invalidInput(this.#field, 'must contain only JSON values');
    }
    const keys = Object.keys(value);
    if (keys.length > this.#room) throw this.#tooLarge();
    let text = '{';
    for (const key of keys.sort()) {
      text += `${text === '{' ? '' : ','}${this.quote(key)}:${this.write(value[key], depth + 1)}`;
    }
    return `${text}}`;
  }

  #take(text: string): string {
    this.#room -= text.length;
    if (this.#room < 0) throw this.#tooLarge();
    return text;
  }

  #tooMany(): Error {
    return invalidInput(this.#field, `must have at most ${this.#bounds.values.max} JSON values`);
  }

  #tooLarge(): Error {
    return invalidInput(this.#field, `must have at most ${this.#bounds.maxBytes} bytes of JSON`);
  }
}

/**
 * Reports whether `value` is a plain object, and not an instance of a class. Accepts a plain object of another realm,
 * such as a `vm` context.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
