import { checkObject, checkOneOf, optional } from '../input/check';

/** How a transaction is kept apart from others. */
export const TransactionIsolation = {
  /**
   * Each transaction reads the state of its beginning, and fails where it changes a record that another has changed since.
   * On PostgreSQL, two transactions that read the same records and change different ones both commit (write skew).
   */
  SNAPSHOT: 'snapshot',
  /** Transactions that all ask for it have the effect of running one after another. */
  SERIALIZABLE: 'serializable',
} as const;
export type TransactionIsolation = (typeof TransactionIsolation)[keyof typeof TransactionIsolation];

/** How `db.transaction` runs its work. */
export interface TransactionOptions {
  /**
   * How the transaction is kept apart from others. On SQLite both values mean `serializable`.
   *
   * @defaultValue `snapshot`
   */
  isolation?: TransactionIsolation | undefined;
}

const names = new Set(['isolation'] as const);

/** Returns the isolation that the options ask for. @throws INVALID_INPUT */
export function parseTransactionOptions(input: unknown = {}): TransactionIsolation {
  const { isolation } = checkObject(input, 'options', names);
  const check = (value: unknown, field: string): TransactionIsolation => checkOneOf(value, TransactionIsolation, field);
  return optional(isolation, 'options.isolation', check) ?? TransactionIsolation.SNAPSHOT;
}
