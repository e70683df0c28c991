import type { Failure } from '../errors/failure';

/** Value of a parameter of an application's own SQL. */
export type NativeValue = string | number | bigint | boolean | Date | Uint8Array | null;

/** Row that the application's own SQL has returned: values by the names of their columns. */
export type NativeRow = Readonly<Record<string, unknown>>;

/**
 * Runs SQL of the application, or of its Prisma Client. Refuses to write to this package's tables, and to begin or end
 * a transaction.
 */
export interface NativeAccess {
  query(sql: string, values: readonly NativeValue[]): Promise<readonly NativeRow[]>;
  execute(sql: string, values: readonly NativeValue[]): Promise<number>;
  /**
   * Converts any error into a failure. Recognizes errors of the driver, also in the form in which Prisma's adapter
   * throws them.
   */
  classify(error: unknown): Failure;
}
