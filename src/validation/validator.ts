import { invalidInput } from '../errors/failure';
import type { Limits } from './limits';
import { checkArray, checkNonEmptyText, checkText } from './checks';

/**
 * Checks that depend on the limits. Each returns the value with its type, or throws INVALID_INPUT that names `field`.
 * The size is checked first, because other checks take longer for larger values.
 */
export class Validator {
  readonly limits: Limits;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Returns a short text, such as an address. */
  readonly name = (value: unknown, field: string): string => checkText(value, field, this.limits.nameLength);

  /** Returns a short text that is not empty, such as an id. */
  readonly id = (value: unknown, field: string): string => checkNonEmptyText(value, field, this.limits.nameLength);

  /** Returns a long text, such as a description. */
  readonly text = (value: unknown, field: string): string => checkText(value, field, this.limits.textLength);

  /** Returns a long text that is not empty, such as a key. */
  readonly nonEmptyText = (value: unknown, field: string): string =>
    checkNonEmptyText(value, field, this.limits.textLength);

  /** Returns a list of short texts to search for. */
  readonly names = (value: unknown, field: string): string[] => this.list(value, field, this.name);

  /** Returns a list of values to search for; `check` checks each of them. */
  list<T>(value: unknown, field: string, check: (element: unknown, path: string) => T): T[] {
    let length = 0;
    // Checks the total before each element, because checking all of them may take too long.
    const checkNext = (element: unknown, path: string): T => {
      length += typeof element === 'string' ? element.length : 0;
      this.#assertRecordLength(length, field);
      return check(element, path);
    };
    return checkArray(value, field, checkNext, this.limits.listLength);
  }

  /** Returns the records that one call writes; `check` checks each of them. */
  batch<T>(value: unknown, field: string, check: (element: unknown, path: string) => T): T[] {
    return checkArray(value, field, check, this.limits.batchSize);
  }

  /** Checks the total length of the texts of one record. @throws INVALID_INPUT */
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
