import { checkNonEmptyText, checkObject, checkOneOf, ifDefined } from '../validation/checks';

/** Isolation level of a transaction. */
export const TransactionIsolation = {
  /**
   * Each transaction sees the state of the database at its beginning. It fails when it changes a record that another
   * transaction has changed since then. On PostgreSQL, write skew is possible: two transactions can both commit
   * although each reads what the other changes.
   */
  SNAPSHOT: 'snapshot',
  /** Level at which concurrent transactions have the same effect as if they ran one after another. */
  SERIALIZABLE: 'serializable',
} as const;
export type TransactionIsolation = (typeof TransactionIsolation)[keyof typeof TransactionIsolation];

/** Options of `db.transaction`. */
export interface TransactionOptions {
  /**
   * Isolation level of the transaction. On SQLite, both levels are `serializable`.
   *
   * @defaultValue `snapshot`
   */
  isolation?: TransactionIsolation | undefined;
  /**
   * Name of the transaction in events and traces, such as `transfer`, with up to 100 characters. It must not contain
   * data, because logs and metrics show it.
   *
   * @defaultValue no name
   */
  name?: string | undefined;
}

/** Validated options of `db.transaction`. */
export interface ParsedTransactionOptions {
  readonly isolation: TransactionIsolation;
  readonly name?: string | undefined;
}

const maxNameLength = 100;

const names = new Set(['isolation', 'name'] as const);

/**
 * Returns the validated options of `db.transaction`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseTransactionOptions(input: unknown = {}): ParsedTransactionOptions {
  const { isolation, name } = checkObject(input, 'options', names);
  const check = (value: unknown, field: string): TransactionIsolation => checkOneOf(value, TransactionIsolation, field);
  const checkName = (value: unknown, field: string): string => checkNonEmptyText(value, field, maxNameLength);
  return {
    isolation: ifDefined(isolation, 'options.isolation', check) ?? TransactionIsolation.SNAPSHOT,
    name: ifDefined(name, 'options.name', checkName),
  };
}
