import { invalidInput } from '../errors/failure';
import { isPlainObject, toCanonicalJson } from '../metadata/canonical-json';
import type { JsonValue } from '../metadata/types';

/** JSON object that is part of an imported document. */
export type JsonObject = Readonly<Record<string, JsonValue>>;

/**
 * Returns a copy of a document. The copy contains only JSON values and text that can be stored.
 *
 * @throws INVALID_INPUT when `value` is not a JSON object, or contains text that cannot be stored
 */
export function copyDocument(value: unknown): JsonObject {
  if (!isPlainObject(value)) throw invalidInput('document', 'must be an object');
  // The cast is safe: `value` is a plain object, so its JSON text is that of an object.
  return JSON.parse(toCanonicalJson(value, 'document')) as JsonObject;
}

export function isObject(value: JsonValue | undefined): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON object in a document, with its path for error messages. */
export class DocumentPart {
  readonly #fields: JsonObject;
  readonly #path: string;

  constructor(fields: JsonObject, path = '') {
    this.#fields = fields;
    this.#path = path;
  }

  /** Returns the value of a field of the object; undefined when the field is absent or null. */
  value(field: string): JsonValue | undefined {
    return this.#fields[field] ?? undefined;
  }

  /** Returns the path of a field of the object in the whole document. */
  pathOf(field: string): string {
    return `${this.#path}${field}`;
  }

  /**
   * Returns the text in a field of the object; undefined when the field is absent.
   *
   * @throws INVALID_INPUT for any other value
   */
  optionalText(field: string): string | undefined {
    const value = this.value(field);
    if (value === undefined || typeof value === 'string') return value;
    throw invalidInput(this.pathOf(field), 'must be a string');
  }

  /**
   * Returns the text in a field of the object. The text must not be empty.
   *
   * @throws INVALID_INPUT for any other value
   */
  text(field: string): string {
    const text = this.optionalText(field);
    if (text === undefined) throw invalidInput(this.pathOf(field), 'must be a string');
    if (text === '') throw invalidInput(this.pathOf(field), 'must not be empty');
    return text;
  }

  /**
   * Returns the object in a field of the object; undefined when the field is absent.
   *
   * @throws INVALID_INPUT for any other value
   */
  optionalPart(field: string): DocumentPart | undefined {
    const value = this.value(field);
    if (value === undefined) return undefined;
    if (!isObject(value)) throw invalidInput(this.pathOf(field), 'must be an object');
    return new DocumentPart(value, `${this.pathOf(field)}.`);
  }

  /**
   * Returns the objects in the array of a field; an empty array when the field is absent.
   *
   * @throws INVALID_INPUT for any other value
   */
  parts(field: string): DocumentPart[] {
    const value = this.value(field) ?? [];
    if (!Array.isArray(value)) throw invalidInput(this.pathOf(field), 'must be an array');
    return value.map((element, index) => {
      const path = `${this.pathOf(field)}[${index}]`;
      if (!isObject(element)) throw invalidInput(path, 'must be an object');
      return new DocumentPart(element, `${path}.`);
    });
  }
}
