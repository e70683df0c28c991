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

/** Document without its secret values. */
export interface RedactedDocument {
  readonly document: JsonObject;
  /** Paths of the replaced values. */
  readonly paths: readonly string[];
}

/** What a list or map of named values contains. */
type Kind = 'headers' | 'variables' | undefined;

const kinds: Readonly<Record<string, Kind>> = {
  headers: 'headers',
  env: 'variables',
  envvars: 'variables',
  environment: 'variables',
  environmentvariables: 'variables',
};

/** Fields that contain the value of an argument, of a header or of a variable. */
const valueFields: ReadonlySet<string> = new Set(['value', 'default', 'default_value', 'defaultValue']);
/** Further fields of an argument, in which publishers write the value, too: `--api-key=…`. */
const argumentFields: ReadonlySet<string> = new Set(['name', 'valueHint', 'value_hint']);

/** Assignments in an argument: `NAME=value`, `Name: value` and `--name value`. */
const assignments = /(?:^|\s)(?:-*(\p{L}[\w-]*)(?:=|:\s)\s*|--([\w-]+)\s+)(?=((?:(?:bearer|basic|token)\s+)?\S+))/giu;

/**
 * Replaces the secret values of a document: the values of headers, values that are marked as secret or whose name says
 * so, passwords and keys in URLs, and tokens of known forms. Keeps placeholders such as `Bearer {token}`.
 */
export function redact(document: JsonObject): RedactedDocument {
  const redactor = new Redactor();
  return { document: redactor.object(document, '', undefined, ''), paths: redactor.paths };
}

class Redactor {
  readonly paths: string[] = [];

  /** @param label - name of the object where it has none itself: its key in a map, or the preceding argument. */
  object(fields: JsonObject, path: string, kind: Kind, label: string): JsonObject {
    const name = [fields['name'], fields['valueHint'], fields['value_hint']].find((text) => typeof text === 'string');
    const isMarked = fields['isSecret'] === true || fields['is_secret'] === true;
    const isNamedSecret = isSecretVariable(name ?? '') || isSecretVariable(label);
    const isSecret = (field: string): boolean =>
      isMarked || isNamedSecret || (kind === 'headers' && field === 'value' && isSecretHeader(name ?? label));
    const entries = Object.entries(fields).map(([key, value]): [string, JsonValue] => {
      const here = path === '' ? key : `${path}.${key}`;
      if (valueFields.has(key) && isSecret(key)) return [key, this.#secrets(value, here)];
      if (key === 'choices' && isMarked) return [key, this.#secrets(value, here)];
      if (typeof value !== 'string') return [key, this.#value(value, here, this.#kindOf(key, kind), key)];
      return [key, this.#field(key, value, here, kind)];
    });
    return Object.fromEntries(entries);
  }

  #kindOf(key: string, kind: Kind): Kind {
    // The variables of a header are parts of its value. They are named like arguments.
    if (key === 'variables') return 'variables';
    return kinds[key.toLowerCase().replaceAll(/[_-]/g, '')] ?? kind;
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

  /** Returns the text of a field without its secrets. */
  #field(key: string, text: string, path: string, kind: Kind): string {
    // A map of names and values, such as {"Authorization": "Bearer …"}.
    const isNamed =
      kind === 'headers' ? !argumentFields.has(key) && key !== 'description' && !isInputField(key) : false;
    if (isNamed && isSecretHeader(key)) return this.#secret(text, path);
    if (isSecretName(key) || (kind === 'variables' && isSecretVariable(key))) return this.#secret(text, path);
    if (valueFields.has(key) || argumentFields.has(key)) return this.#assignment(text, path);
    return this.#text(key === 'url' ? redactUser(text) : text, path, text);
  }

  /** Replaces the texts of a secret value, which may be a list. */
  #secrets(value: JsonValue, path: string): JsonValue {
    if (typeof value === 'string') return this.#secret(value, path);
    if (Array.isArray(value)) return value.map((element, index) => this.#secrets(element, `${path}[${index}]`));
    if (typeof value === 'number') return this.#secret(String(value), path);
    return value;
  }

  #secret(text: string, path: string): string {
    if (isPlaceholder(text)) return text;
    this.paths.push(path);
    return redacted;
  }

  /** Returns an argument, which may assign a secret: `API_KEY=…`, `--api-key …` or `Authorization: …`. */
  #assignment(text: string, path: string): string {
    for (const [, name = '', flag = '', value = ''] of text.matchAll(assignments)) {
      const isAssigned = isSecretVariable(name) || isSecretVariable(flag);
      if (isAssigned && !isPlaceholder(value)) return this.#secret(text, path);
    }
    return this.#text(text, path);
  }

  #text(text: string, path: string, original = text): string {
    const safe = replaceKnownSecrets(redactUrls(text));
    if (safe !== original) this.paths.push(path);
    return safe;
  }
}

/** Returns the argument that names the following one, such as `--token`; otherwise an empty text. */
function flagOf(value: JsonValue | undefined): string {
  const text = isObject(value) ? (value['value'] ?? value['name']) : value;
  return typeof text === 'string' && /^--?[\w-]+$/.test(text) ? text : '';
}

/** Reports whether a header's description has this field, so that its key is not the name of a header. */
function isInputField(key: string): boolean {
  return valueFields.has(key) || ['format', 'placeholder', 'type'].includes(key);
}
