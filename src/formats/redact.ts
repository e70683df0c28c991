import type { JsonValue } from '../metadata/types';
import { isObject, type JsonObject } from './document';
import { redactUrls, redactUser } from './redact-url';
import {
  isPlaceholder,
  isSecretHeader,
  isSecretName,
  isSecretVariable,
  redacted,
  replaceKnownSecrets,
} from './secret-names';

/** Document in which secret values were replaced. */
export interface RedactedDocument {
  readonly document: JsonObject;
  /** Paths of the replaced values in the document. */
  readonly paths: readonly string[];
}

/** Kind of the named values in an object or an array: headers or variables; undefined for any other values. */
type Kind = 'headers' | 'variables' | undefined;

const kinds: Readonly<Record<string, Kind>> = {
  env: 'variables',
  envvars: 'variables',
  envvariables: 'variables',
  environment: 'variables',
  environmentvariables: 'variables',
};

/** Fields that may contain the value of a command argument, of a header or of a variable. */
const valueFields: ReadonlySet<string> = new Set(['value', 'default', 'default_value', 'defaultValue']);
/** Other fields of a command argument. Publishers sometimes write the value into them, as in `--api-key=…`. */
const argumentFields: ReadonlySet<string> = new Set(['name', 'valueHint', 'value_hint']);

/**
 * Matches the path of a security requirement, which maps the name of a scheme to a list of scopes: `{"apiKey":
 * ["read"]}`.
 */
const securityPath = /(?:^|\.)security(?:Requirements)?\[\d+\]/;

/** Matches the members of a JSON text in a command argument: `"name":"value"`. */
const jsonMembers = /["']([\w-]+)["']\s*:\s*["']([^"']*)["']/g;

/** Matches the assignments in a command argument: `NAME=value`, `Name: value` and `--name value`. */
const assignments = /(?:^|\s)(?:-*(\p{L}[\w-]*)(?:=|:\s)\s*|--([\w-]+)\s+)(?=((?:(?:bearer|basic|token)\s+)?\S+))/giu;

/**
 * Replaces the secret values of a document. These are values of headers, values that are marked as secret, values with
 * a secret name, passwords and keys in URLs, and tokens of known forms. Does not replace placeholders such as `Bearer
 * {token}`.
 */
export function redact(document: JsonObject): RedactedDocument {
  const redactor = new Redactor();
  return { document: redactor.object(document, '', undefined, ''), paths: redactor.paths };
}

class Redactor {
  readonly paths: string[] = [];

  /**
   * Returns a copy of an object in which secret values are replaced.
   *
   * @param label - name for an object without a field `name`: its key in the surrounding object, or the preceding
   * argument.
   */
  object(fields: JsonObject, path: string, kind: Kind, label: string): JsonObject {
    const isPair = typeof fields['key'] === 'string' && fields['value'] !== undefined;
    const names = [fields['name'], fields['valueHint'], fields['value_hint'], isPair ? fields['key'] : undefined];
    const name = names.find((text) => typeof text === 'string');
    const isMarked = [fields['isSecret'], fields['is_secret']].some((mark) => mark === true || mark === 'true');
    const isNamedSecret = isSecretVariable(name ?? '') || isSecretVariable(label);
    const isSecret = (field: string): boolean =>
      isMarked || isNamedSecret || (kind === 'headers' && field === 'value' && isSecretHeader(name ?? label));
    const entries = Object.entries(fields).map(([givenKey, value]): [string, JsonValue] => {
      const key = replaceKnownSecrets(givenKey);
      const here = path === '' ? key : `${path}.${key}`;
      if (key !== givenKey) this.paths.push(here);
      if (valueFields.has(key) && isSecret(key)) return [key, this.#secrets(value, here)];
      if (key === 'choices' && isMarked) return [key, this.#secrets(value, here)];
      if (isPair && key === 'key') return [key, this.#value(value, here, undefined, '')];
      if (typeof value === 'string') return [key, this.#field(key, value, here, kind)];
      if (isListOrNumber(value) && this.#isSecretField(key, kind) && !securityPath.test(path))
        return [key, this.#secrets(value, here)];
      return [key, this.#value(value, here, this.#kindOf(key, kind), key)];
    });
    return Object.fromEntries(entries);
  }

  #kindOf(key: string, kind: Kind): Kind {
    // The variables of a header are parts of its value. Their names are like those of arguments, so they are not
    // headers.
    if (key === 'variables') return 'variables';
    const normal = key.toLowerCase().replaceAll(/[_-]/g, '');
    return normal.endsWith('headers') ? 'headers' : (kinds[normal] ?? kind);
  }

  #value(value: JsonValue, path: string, kind: Kind, label: string): JsonValue {
    if (typeof value === 'string') return this.#text(value, path);
    if (Array.isArray(value)) return this.#array(value, path, kind);
    return isObject(value) ? this.object(value, path, kind, label) : value;
  }

  #array(values: readonly JsonValue[], path: string, kind: Kind): JsonValue[] {
    return values.map((value, index) => {
      const here = `${path}[${index}]`;
      const label = flagOf(values[index - 1]);
      if (typeof value === 'string') {
        if (isSecretVariable(label) && !value.startsWith('-')) return this.#secrets(value, here);
        return this.#assignment(value, here);
      }
      return isObject(value) ? this.object(value, here, kind, label) : this.#value(value, here, kind, '');
    });
  }

  /** Returns the text of a field, in which secret values are replaced. */
  #field(key: string, text: string, path: string, kind: Kind): string {
    if (this.#isSecretField(key, kind)) return this.#secret(text, path);
    if (valueFields.has(key) || argumentFields.has(key)) return this.#assignment(text, path);
    return this.#text(key === 'url' ? redactUser(text) : text, path, text);
  }

  /** Reports whether the name of a field shows that its value is secret. */
  #isSecretField(key: string, kind: Kind): boolean {
    // True when the key is the name of a header, as in {"Authorization": "Bearer …"}.
    const isNamed = kind === 'headers' && !argumentFields.has(key) && key !== 'description' && !isInputField(key);
    if (isNamed && isSecretHeader(key)) return true;
    return isSecretName(key) || (kind === 'variables' && isSecretVariable(key));
  }

  /** Replaces all texts and numbers in a secret value, which may be a list or an object. */
  #secrets(value: JsonValue, path: string): JsonValue {
    if (typeof value === 'string') return this.#secret(value, path);
    if (isObject(value)) {
      const entries = Object.entries(value).map(([key, part]) => [key, this.#secrets(part, `${path}.${key}`)] as const);
      return Object.fromEntries(entries);
    }
    if (Array.isArray(value)) return value.map((element, index) => this.#secrets(element, `${path}[${index}]`));
    if (typeof value === 'number') return this.#secret(String(value), path);
    return value;
  }

  #secret(text: string, path: string): string {
    if (isPlaceholder(text)) return text;
    this.paths.push(path);
    return redacted;
  }

  /**
   * Returns a command argument, in which a secret value is replaced: `API_KEY=…`, `--api-key …` or `Authorization: …`.
   */
  #assignment(text: string, path: string): string {
    for (const [, name = '', flag = '', value = ''] of text.matchAll(assignments)) {
      const isAssigned = isSecretVariable(name) || isSecretVariable(flag);
      if (isAssigned && !isPlaceholder(value)) return this.#secret(text, path);
    }
    for (const [, name = '', value = ''] of text.matchAll(jsonMembers)) {
      if (!isSecretVariable(name) || isPlaceholder(value)) continue;
      this.paths.push(path);
      return redacted;
    }
    return this.#text(text, path);
  }

  #text(text: string, path: string, original = text): string {
    const safe = replaceKnownSecrets(redactUrls(text));
    if (safe !== original) this.paths.push(path);
    return safe;
  }
}

/**
 * Reports whether a value that is not a text can itself be secret. An object cannot: it describes a field, as in
 * `{"password": {"type": "string"}}`.
 */
function isListOrNumber(value: JsonValue): boolean {
  return Array.isArray(value) || typeof value === 'number';
}

/** Returns a command argument that names the next argument, such as `--token`; an empty text for any other argument. */
function flagOf(value: JsonValue | undefined): string {
  const text = isObject(value) ? (value['value'] ?? value['name']) : value;
  return typeof text === 'string' && /^--?[\w-]+$/.test(text) ? text : '';
}

/** Reports whether `key` is a field that describes a header, and not the name of a header. */
function isInputField(key: string): boolean {
  return valueFields.has(key) || ['choices', 'format', 'placeholder', 'type'].includes(key);
}
