import { rememberDriverError } from './driver-error';
import { redactCause } from './redacted-cause';

/**
 * The closed list of error codes. The same mistake gives the same code on both engines.
 *
 * - `NOT_INITIALIZED`: `initialize()` was not called or failed, or `close()` was called.
 * - `INVALID_INPUT`: an argument has a wrong type, range or form. Nothing was changed.
 * - `INVALID_OPTIONS`: an option is unknown, or has a wrong type or range.
 * - `OUT_OF_RANGE`: a position in the change feed is below the pruning mark or above the last number.
 * - `ALREADY_EXISTS`: the id, the fingerprint or the held name is taken.
 * - `REFERENCE_NOT_FOUND`: the record refers to one that does not exist.
 * - `STILL_REFERENCED`: other records still refer to this record.
 * - `INVALID_TRANSITION`: the new status cannot follow the stored one. REVOKED is terminal.
 * - `CONSTRAINT_VIOLATION`: a trigger or CHECK constraint that the application added refused the change.
 * - `PERMISSION_DENIED`: the database role lacks a privilege, or the row is protected.
 * - `RESULT_TOO_LARGE`: a query without `limit` matches more than `maxResults`.
 * - `CONFLICT`: the call contradicts other work, such as a write beside the caller's own open transaction.
 * - `BUSY`: another process held the lock for longer than `busyTimeoutMs`.
 * - `TIMEOUT`: the call took longer than its limit.
 * - `UNAVAILABLE`: the database cannot be reached, opened or read at the moment.
 * - `DRIVER_UNAVAILABLE`: the SQLite driver has no binary for this Node.js. The message names the command that helps.
 * - `STORAGE_FULL`, `READ_ONLY`: the storage reported it.
 * - `CORRUPT`: the storage reported it, or a stored record is invalid because another program wrote it.
 * - `SCHEMA_OUTDATED`, `SCHEMA_TOO_NEW`: the database's schema is older or newer than this package's.
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

/** One of {@link databaseErrorCodes}. */
export type DatabaseErrorCode = (typeof databaseErrorCodes)[number];

/** The kind of record that an error is about. */
export type ErrorEntity = 'agent' | 'endpoint' | 'certificate' | 'securityEvent';

/** Properties from which a {@link DatabaseError} is created. */
export interface DatabaseErrorDetails {
  readonly code: DatabaseErrorCode;
  /** The call that failed, such as `agents.create`. */
  readonly operation: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly entity?: ErrorEntity | undefined;
  readonly field?: string | undefined;
  /** Original error. The new error shows its kind and code; `driverErrorOf` returns it. */
  readonly cause?: unknown;
}

// A registered symbol is the same in every copy of the package, unlike the class.
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
 * Only error class that this package throws. Its message names the operation and the field, and never contains a value,
 * a path, SQL or a secret. `cause` contains only the kind and the code of the original error, so that you can print,
 * log and serialize the error. `driverErrorOf` returns the original, which may contain stored values.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** Code of the error: the value to branch on. */
  readonly code: DatabaseErrorCode;
  /** The call that failed, such as `agents.create`. */
  readonly operation: string;
  /** True when the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** The kind of record concerned, where known. */
  readonly entity?: ErrorEntity;
  /** The field concerned, as a path such as `endpoints[0].port`, where known. */
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

  /** Returns the fields that may be shown to anybody: no cause and no stack. */
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

/** Reports whether `error` is a {@link DatabaseError}, also one of another copy of this package. */
export function isDatabaseError(error: unknown): error is DatabaseError {
  try {
    return typeof error === 'object' && error !== null && brand in error;
  } catch {
    // A proxy whose traps throw is not an error of this package.
    return false;
  }
}
