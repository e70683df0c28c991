import { invalidInput } from '../errors/failure';
import type { Limits } from './limits';
import { checkArray, checkNonEmptyText, checkText } from './checks';

/**
 * The checks of what has a limit. Each returns what it was given, narrowed, or throws INVALID_INPUT at `field`; how large
 * something is comes first, since all else takes the longer, the larger it is.
 */
export class Validator {
  readonly limits: Limits;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** A short text, such as an address. */
  readonly name = (value: unknown, field: string): string => checkText(value, field, this.limits.nameLength);

  /** A short text that is not empty, such as an id. */
  readonly id = (value: unknown, field: string): string => checkNonEmptyText(value, field, this.limits.nameLength);

  /** A long text, such as a description. */
  readonly text = (value: unknown, field: string): string => checkText(value, field, this.limits.textLength);

  /** A long text that is not empty, such as a key. */
  readonly nonEmptyText = (value: unknown, field: string): string =>
    checkNonEmptyText(value, field, this.limits.textLength);

  /** Short texts to look for. */
  readonly names = (value: unknown, field: string): string[] => this.list(value, field, this.name);

  /** Checks a list of values to search for. */
  list<T>(value: unknown, field: string, check: (element: unknown, path: string) => T): T[] {
    let length = 0;
    // Before the next element is checked: together they may take too long.
    const checkNext = (element: unknown, path: string): T => {
      length += typeof element === 'string' ? element.length : 0;
      this.#assertRecordLength(length, field);
      return check(element, path);
    };
    return checkArray(value, field, checkNext, this.limits.listLength);
  }

  /** Checks the records that one call writes. */
  batch<T>(value: unknown, field: string, check: (element: unknown, path: string) => T): T[] {
    return checkArray(value, field, check, this.limits.batchSize);
  }

  /** Checks the length of a record. @throws when the texts of one record, or of one list, exceed the limit together */
  recordLength(rows: readonly (readonly unknown[])[], field: string): void {
    let length = 0;
    for (const row of rows) for (const value of row) if (typeof value === 'string') length += value.length;
    this.#assertRecordLength(length, field);
  }

  #assertRecordLength(length: number, field: string): void {
    const { recordLength } = this.limits;
    if (length > recordLength) throw invalidInput(field, `must have at most ${recordLength} characters in total`);
  }
}
