import { rememberDriverError } from './driver-error';
import { redactCause } from './redacted-cause';

/**
 * Codes of all errors that this package throws. The same mistake has the same code on both engines.
 *
 * - `NOT_INITIALIZED`: `initialize()` was not called or failed, or `close()` was called.
 * - `INVALID_INPUT`: an argument has an invalid type, range or form. Nothing was changed.
 * - `INVALID_OPTIONS`: an option is unknown, or has an invalid type or range.
 * - `OUT_OF_RANGE`: a position in the change feed is before the last pruned change or after the last change.
 * - `ALREADY_EXISTS`: another record has the id or the fingerprint, or another agent holds the name and version.
 * - `REFERENCE_NOT_FOUND`: the record refers to a record that does not exist.
 * - `STILL_REFERENCED`: other records still refer to this record.
 * - `INVALID_TRANSITION`: the new status cannot follow the stored one (REVOKED is permanent), or an agent would be
 *   attached to a REVOKED certificate.
 * - `CONSTRAINT_VIOLATION`: a trigger or constraint that the application added rejected the change.
 * - `PERMISSION_DENIED`: the database role lacks a privilege, a row security policy protects the row, or SQL of the
 *   application would change a table of this package.
 * - `RESULT_TOO_LARGE`: a query without `limit` matches more than `maxResults` records, or a result exceeds a limit of
 *   its size.
 * - `CONFLICT`: the call conflicts with other calls, for example with a concurrent transaction.
 * - `BUSY`: another process or transaction held a lock for too long; on SQLite, for longer than `busyTimeoutMs`.
 * - `TIMEOUT`: the call took longer than its limit.
 * - `UNAVAILABLE`: the database cannot be reached, opened or read now.
 * - `DRIVER_UNAVAILABLE`: no SQLite driver can be loaded. The message names the command that repairs the
 *   installation.
 * - `STORAGE_FULL`, `READ_ONLY`: the database reported that its storage is full, or that it is read-only.
 * - `CORRUPT`: the database is damaged, or a stored record is invalid because another program wrote it.
 * - `SCHEMA_OUTDATED`, `SCHEMA_TOO_NEW`: the schema of the database is older or newer than this version of the package.
 * - `MIGRATION_FAILED`: a migration could not be applied. None of its changes were kept.
 * - `INTERNAL`: a fault of this package. Please report it.
 */
export const databaseErrorCodes = [
  'NOT_INITIALIZED',
  'INVALID_INPUT',
  'INVALID_OPTIONS',
  'OUT_OF_RANGE',
  'ALREADY_EXISTS',
  'REFERENCE_NOT_FOUND',
  'STILL_REFERENCED',
  'INVALID_TRANSITION',
  'CONSTRAINT_VIOLATION',
  'PERMISSION_DENIED',
  'RESULT_TOO_LARGE',
  'CONFLICT',
  'BUSY',
  'TIMEOUT',
  'UNAVAILABLE',
  'DRIVER_UNAVAILABLE',
  'STORAGE_FULL',
  'READ_ONLY',
  'CORRUPT',
  'SCHEMA_OUTDATED',
  'SCHEMA_TOO_NEW',
  'MIGRATION_FAILED',
  'INTERNAL',
] as const;

/** Code of a `DatabaseError`: one of {@link databaseErrorCodes}. */
export type DatabaseErrorCode = (typeof databaseErrorCodes)[number];

/** Kind of record that an error is about. */
export type ErrorEntity = 'agent' | 'endpoint' | 'certificate' | 'securityEvent';

/** Properties with which a {@link DatabaseError} is created. */
export interface DatabaseErrorDetails {
  readonly code: DatabaseErrorCode;
  /** Name of the call that failed, such as `agents.create`. */
  readonly operation: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly entity?: ErrorEntity | undefined;
  readonly field?: string | undefined;
  /**
   * Original error. The property `cause` of the `DatabaseError` shows only its class and code; `driverErrorOf` returns
   * the original error itself.
   */
  readonly cause?: unknown;
}

// Marks the errors of this class. `instanceof` alone would not recognize an error of another copy of this package,
// which has its own class. `Symbol.for` returns the same symbol to all copies.
const brand = Symbol.for('ans-database.DatabaseError');

/** Result of `JSON.stringify` for a {@link DatabaseError}. Absent fields are omitted. */
export interface SerializedDatabaseError {
  readonly name: 'DatabaseError';
  readonly code: DatabaseErrorCode;
  readonly message: string;
  readonly operation: string;
  readonly retryable: boolean;
  readonly entity?: ErrorEntity;
  readonly field?: string;
}

/**
 * Error that this package throws; it throws no other class of errors. The message names the operation and the field,
 * and never contains a value, a path, SQL or a secret. `cause` has only the kind and the code of the original error, so
 * you can print, log and serialize the error. `driverErrorOf` returns the original error, which may contain stored
 * values.
 *
 * @example
 * ```ts
 * try {
 *   await db.createAgent(agent);
 * } catch (error) {
 *   if (!isDatabaseError(error) || error.code !== 'ALREADY_EXISTS') throw error;
 *   console.log(`${error.field} is already taken`);
 * }
 * ```
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** Code of the error. Test this property to handle different errors differently. */
  readonly code: DatabaseErrorCode;
  /** Name of the call that failed, such as `agents.create`. */
  readonly operation: string;
  /** True when the same call may succeed later, without a change of its arguments. */
  readonly retryable: boolean;
  /** Kind of record that the error is about; absent when it is unknown. */
  readonly entity?: ErrorEntity;
  /** Path of the field that the error is about, such as `endpoints[0].port`; absent when it is unknown. */
  readonly field?: string;

  constructor(details: DatabaseErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: redactCause(details.cause) });
    if (details.cause !== undefined) rememberDriverError(this, details.cause);
    this.code = details.code;
    this.operation = details.operation;
    this.retryable = details.retryable;
    if (details.entity !== undefined) this.entity = details.entity;
    if (details.field !== undefined) this.field = details.field;
    Object.defineProperty(this, brand, { value: true });
  }

  /**
   * Returns the fields of a `DatabaseError` without the cause and the stack. The result contains no secret.
   *
   * @example
   * ```ts
   * const body = isDatabaseError(error) ? error.toJSON() : { message: 'internal error' };
   * console.error(JSON.stringify(body));
   * ```
   */
  toJSON(): SerializedDatabaseError {
    const { name, code, message, operation, retryable, entity, field } = this;
    return {
      name,
      code,
      message,
      operation,
      retryable,
      ...(entity === undefined ? undefined : { entity }),
      ...(field === undefined ? undefined : { field }),
    };
  }
}

/**
 * Reports whether `error` is a {@link DatabaseError}. Also recognizes an error of another copy of this package.
 *
 * @example
 * ```ts
 * if (!isDatabaseError(error)) throw error;
 * if (error.retryable) scheduleRetry();
 * ```
 */
export function isDatabaseError(error: unknown): error is DatabaseError {
  try {
    return typeof error === 'object' && error !== null && brand in error;
  } catch {
    // Reading a property of a proxy may throw. A `DatabaseError` is never such a proxy.
    return false;
  }
}
