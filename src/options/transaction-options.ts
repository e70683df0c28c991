import { checkObject, checkOneOf, ifDefined } from '../validation/checks';

/** Isolation level of a transaction. */
export const TransactionIsolation = {
  /**
   * Each transaction reads the state at its beginning, and fails when it changes a record that another transaction has
   * changed since. On PostgreSQL, two transactions that read the same records and change different ones both commit
   * (write skew).
   */
  SNAPSHOT: 'snapshot',
  /** Transactions that all use this level have the effect of running one after another. */
  SERIALIZABLE: 'serializable',
} as const;
export type TransactionIsolation = (typeof TransactionIsolation)[keyof typeof TransactionIsolation];

/** Options of `db.transaction`. */
export interface TransactionOptions {
  /**
   * Isolation level of the transaction. On SQLite both values mean `serializable`.
   *
   * @defaultValue `snapshot`
   */
  isolation?: TransactionIsolation | undefined;
}

const names = new Set(['isolation'] as const);

/** Returns the isolation level of the options. @throws INVALID_INPUT when they are invalid */
export function parseTransactionOptions(input: unknown = {}): TransactionIsolation {
  const { isolation } = checkObject(input, 'options', names);
  const check = (value: unknown, field: string): TransactionIsolation => checkOneOf(value, TransactionIsolation, field);
  return ifDefined(isolation, 'options.isolation', check) ?? TransactionIsolation.SNAPSHOT;
}
