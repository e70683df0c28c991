import { invalidInput } from '../errors/failure';
import type { Limits } from './limits';
import { checkArray, checkNonEmptyText, checkText } from './checks';

/**
 * Checks that depend on the limits of the database, or on the owner of `db.forOwner`. Each check throws INVALID_INPUT
 * with a message that names the field and the violated rule. Sizes are checked first, because the other checks take
 * longer for larger values.
 */
export class Validator {
  readonly limits: Limits;
  /** Owner to whom `db.forOwner` limits the calls. Undefined when the calls concern the agents of all owners. */
  readonly scopeOwner: string | undefined;

  constructor(limits: Limits, scopeOwner?: string) {
    this.limits = limits;
    this.scopeOwner = scopeOwner;
  }

  /**
   * Returns the owner in an input. Inside `db.forOwner`, returns the owner of the scope, and refuses any other owner.
   */
  owner(value: unknown, field: string): unknown {
    if (this.scopeOwner === undefined) return value;
    if (value === undefined || value === this.scopeOwner) return this.scopeOwner;
    throw invalidInput(field, 'must be the owner of the scope, or be absent');
  }

  /** Returns `value` when it is a text of at most `limits.nameLength` characters, such as an address. */
  readonly name = (value: unknown, field: string): string => checkText(value, field, this.limits.nameLength);

  /** Returns `value` when it is a text of 1 to `limits.nameLength` characters, such as an id. */
  readonly id = (value: unknown, field: string): string => checkNonEmptyText(value, field, this.limits.nameLength);

  /** Returns `value` when it is a text of at most `limits.textLength` characters, such as a description. */
  readonly text = (value: unknown, field: string): string => checkText(value, field, this.limits.textLength);

  /** Returns `value` when it is a text of 1 to `limits.textLength` characters, such as a public key. */
  readonly nonEmptyText = (value: unknown, field: string): string =>
    checkNonEmptyText(value, field, this.limits.textLength);

  /** Returns a copy of `value` when it is a list of texts, which a query searches for. */
  readonly names = (value: unknown, field: string): string[] => this.list(value, field, this.name);

  /** Returns the results of `check` for the elements of a list, which a query searches for. */
  list<T>(value: unknown, field: string, check: (element: unknown, path: string) => T): T[] {
    let length = 0;
    // Checks the total length before each element, because checking all elements of a huge list would take long.
    const checkNext = (element: unknown, path: string): T => {
      length += typeof element === 'string' ? element.length : 0;
      this.#assertRecordLength(length, field);
      return check(element, path);
    };
    return checkArray(value, field, checkNext, this.limits.listLength);
  }

  /** Returns the results of `check` for the records that one call writes. */
  batch<T>(value: unknown, field: string, check: (element: unknown, path: string) => T): T[] {
    return checkArray(value, field, check, this.limits.batchSize);
  }

  /**
   * Checks the total length of all texts of one record's rows, such as its endpoints.
   *
   * @throws INVALID_INPUT when the length exceeds `limits.recordLength`
   */
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
