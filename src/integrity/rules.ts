import { maxTimeMs, minTimeMs } from '../sql/time-range';
import { toCanonicalJson } from '../metadata/canonical-json';
import type { Dialect } from '../sql/dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import type { CheckFinding, CheckName, FindingSink } from '../storage/findings';

/** Fields of a finding that identify the record which it concerns. */
export type Subject = Pick<CheckFinding, 'entity' | 'id' | 'agentId' | 'key'>;

/** Returns the fields that identify a record in a finding. Omits the id when it is not a string. */
export function subjectOf(entity: NonNullable<Subject['entity']>, id: unknown): Subject {
  return { entity, ...(typeof id === 'string' ? { id } : undefined) };
}

/** Checks the stored values of one record. Each method adds a finding for an invalid value. */
export class Rules {
  readonly #findings: FindingSink;
  readonly #subject: Subject;

  constructor(findings: FindingSink, subject: Subject) {
    this.#findings = findings;
    this.#subject = subject;
  }

  /** Adds a finding when `isSound` is false. */
  holds(isSound: boolean, check: CheckName, message: string, field?: string): void {
    if (isSound) return;
    this.#findings.add({ check, ...this.#subject, ...(field === undefined ? undefined : { field }), message });
  }

  /** Reports whether a stored value is a string; adds a finding when it is not. */
  text(value: unknown, field: string): value is string {
    this.holds(typeof value === 'string', 'value', 'is not a string', field);
    return typeof value === 'string';
  }

  /** Reports whether a stored value is a non-empty string; adds a finding when it is not. */
  requiredText(value: unknown, field: string): value is string {
    this.holds(value !== '', 'value', 'is empty', field);
    return this.text(value, field);
  }

  /**
   * Adds a finding when a required field of the record is empty.
   *
   * @param field - result of {@link firstEmpty}; null when no field is empty
   */
  notEmpty(field: unknown): void {
    if (typeof field === 'string') this.holds(false, 'value', 'is empty', field);
  }

  /**
   * Adds a finding when a text field of the record is not a string.
   *
   * @param field - result of {@link firstNoText}; null when all fields are strings
   */
  texts(field: unknown): void {
    if (typeof field === 'string') this.holds(false, 'value', 'is not a string', field);
  }

  id(value: unknown): void {
    this.holds(typeof value === 'string' && value !== '', 'value', 'is not a valid id', 'id');
  }

  time(value: unknown, field: string): void {
    const isTime = typeof value === 'number' && Number.isInteger(value) && value >= minTimeMs && value <= maxTimeMs;
    this.holds(isTime, 'value', 'is not a time from year 1 to year 9999 in whole milliseconds', field);
  }

  oneOf(value: unknown, choices: Readonly<Record<string, string>>, field: string): void {
    const isKnown = Object.values(choices).some((choice) => choice === value);
    this.holds(isKnown, 'value', 'is not one of the allowed values', field);
  }

  /** Adds a finding when a stored value is not a boolean. SQLite stores 1 for true and 0 for false. */
  flag(value: unknown, field: string): void {
    const isFlag = typeof value === 'boolean' || value === 0 || value === 1;
    this.holds(isFlag, 'value', 'is not a boolean', field);
  }

  wholeNumber(value: unknown, min: number, max: number, field: string): void {
    const isRight = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    this.holds(isRight, 'value', `is not an integer from ${min} to ${max}`, field);
  }

  derived(value: unknown, expected: unknown, field: string, from: string): void {
    this.holds(value === expected, 'derived-column', `does not match ${from}`, field);
  }

  reference(exists: unknown, field: string, what: string): void {
    this.holds(Boolean(exists), 'foreign-key', `refers to ${what} that does not exist`, field);
  }

  /**
   * Adds a finding when a stored value is not canonical JSON.
   *
   * @param mustBeObject - true for the JSON text of whole metadata; false for the JSON text of one value.
   */
  canonicalJson(value: unknown, mustBeObject = false): void {
    const isSound = typeof value === 'string' && isCanonical(value) && (!mustBeObject || value.startsWith('{'));
    this.holds(isSound, 'metadata', 'is not canonical JSON', 'metadata');
  }
}

/** Columns that must contain texts, by the names of their fields. */
export interface TextColumns {
  readonly required: Readonly<Record<string, Sql>>;
  /** Columns that contain a text or null. */
  readonly optional?: Readonly<Record<string, Sql>>;
}

/**
 * Composes an SQL expression for the name of the first field whose column does not contain text; null when all columns
 * contain text.
 */
export function firstNoText(dialect: Dialect, { required, optional = {} }: TextColumns): Sql {
  const cases = [
    ...Object.entries(required).map(([field, column]) =>
      fieldWhen(field, sql`NOT (${dialect.isText(column)}) OR ${column} IS NULL`),
    ),
    ...Object.entries(optional).map(([field, column]) => fieldWhen(field, sql`NOT (${dialect.isText(column)})`)),
  ];
  return sql`CASE ${join(cases, ' ')} END`;
}

/**
 * Composes an SQL expression for the name of the first field whose column contains an empty text; null when no column
 * does.
 */
export function firstEmpty(columns: Readonly<Record<string, Sql>>): Sql {
  const cases = Object.entries(columns).map(([field, column]) => fieldWhen(field, sql`${column} = ''`));
  return sql`CASE ${join(cases, ' ')} END`;
}

function fieldWhen(field: string, condition: Sql): Sql {
  return sql`WHEN ${condition} THEN ${raw(`'${field}'`)}`;
}

function isCanonical(text: string): boolean {
  try {
    return toCanonicalJson(JSON.parse(text), 'metadata') === text;
  } catch {
    // The stored text is invalid JSON, or is JSON that this package never writes.
    return false;
  }
}
