import type { Failure } from '../errors/failure';

/** Value of a parameter of an application's own SQL. */
export type NativeValue = string | number | bigint | boolean | Date | Uint8Array | null;

/** Row of an application's own SQL, by the names of its columns. */
export type NativeRow = Readonly<Record<string, unknown>>;

/**
 * Runs SQL that is not this package's own: of an application, or of its Prisma Client. Refuses to write to this
 * package's tables, and to begin or end a transaction.
 */
export interface NativeAccess {
  query(sql: string, values: readonly NativeValue[]): Promise<readonly NativeRow[]>;
  execute(sql: string, values: readonly NativeValue[]): Promise<number>;
  /** Converts an error of the driver, or of Prisma Client on the driver, into a failure. */
  classify(error: unknown): Failure;
}
