import type { Failure } from '../errors/failure';

/** Value of a parameter of an application's own SQL. */
export type NativeValue = string | number | bigint | boolean | Date | Uint8Array | null;

/** Row of a result of the application's own SQL: the values by the names of their columns. */
export type NativeRow = Readonly<Record<string, unknown>>;

/**
 * Runs SQL of the application, or of its Prisma Client. Refuses SQL that writes to this package's tables, or that
 * begins or ends a transaction.
 */
export interface NativeAccess {
  query(sql: string, values: readonly NativeValue[]): Promise<readonly NativeRow[]>;
  execute(sql: string, values: readonly NativeValue[]): Promise<number>;
  /** Converts any error into a failure. Also recognizes a driver's error that Prisma's adapter has wrapped. */
  classify(error: unknown): Failure;
}
