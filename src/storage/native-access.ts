import type { Failure } from '../errors/failure';

/** Value of a parameter of an application's own SQL. */
export type NativeValue = string | number | bigint | boolean | Date | Uint8Array | null;

/** Row of a result of the application's own SQL: the values by column name. */
export type NativeRow = Readonly<Record<string, unknown>>;

/**
 * Runs the application's own SQL, or the SQL of its Prisma Client. Refuses SQL that writes to this package's tables, or
 * that begins or ends a transaction.
 */
export interface NativeAccess {
  query(sql: string, values: readonly NativeValue[]): Promise<readonly NativeRow[]>;
  execute(sql: string, values: readonly NativeValue[]): Promise<number>;
  /** Converts any error into a failure. Also recognizes an error of the driver that Prisma's adapter has wrapped. */
  classify(error: unknown): Failure;
}
