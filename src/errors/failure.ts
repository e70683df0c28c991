import type { DatabaseErrorCode, ErrorEntity } from './database-error';

/**
 * Availability of the database according to a failure. `up`: the database has responded. `down`: the database could not
 * be reached or used. `unknown`: the failure does not tell, for example because the process lacks memory.
 */
export type Availability = 'up' | 'down' | 'unknown';

/** Optional properties of a {@link Failure}. */
export interface FailureDetails {
  readonly entity?: ErrorEntity | undefined;
  readonly field?: string | undefined;
  /** True when the same call may succeed later. Default: true for the codes BUSY, TIMEOUT and UNAVAILABLE. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
  readonly isReported?: boolean | undefined;
  readonly isTransient?: boolean | undefined;
  readonly isSerializationConflict?: boolean | undefined;
  readonly isReadOnlyServer?: boolean | undefined;
  readonly violatesOwnForeignKey?: boolean | undefined;
  readonly availability?: Availability | undefined;
}

const retryableCodes: ReadonlySet<DatabaseErrorCode> = new Set(['BUSY', 'TIMEOUT', 'UNAVAILABLE']);

// Marks the failures. `instanceof` alone would not recognize a failure of another copy of this module. After a hot
// reload, two copies are in use, because modules that were loaded before keep the old copy. `Symbol.for` returns the
// same symbol to both copies.
const brand = Symbol.for('ans-database.Failure');

/**
 * Internal error. Each engine converts the errors of its driver into failures. The public API adds the name of the
 * operation, and converts the failure to a `DatabaseError`.
 */
export class Failure extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  override readonly name = 'Failure';
  readonly code: DatabaseErrorCode;
  readonly entity: ErrorEntity | undefined;
  readonly field: string | undefined;
  /** True when the same call may succeed later, without a change of its arguments. */
  readonly retryable: boolean;
  /**
   * True when the database, its driver or the system has reported the failure; false when this package has detected it.
   */
  readonly isReported: boolean;
  /** True when nothing was changed and the same call may succeed at once. Then this package repeats the call. */
  readonly isTransient: boolean;
  /** True when a concurrent transaction caused the failure. The whole transaction can then be repeated. */
  readonly isSerializationConflict: boolean;
  /**
   * True when the server rejected a write because the server is read-only, as a standby is. Another server accepts
   * writes after a fail-over, so the whole transaction can be repeated.
   */
  readonly isReadOnlyServer: boolean;
  /** True when the database reported that a foreign key of this package's schema is violated. */
  readonly violatesOwnForeignKey: boolean;
  readonly availability: Availability;

  constructor(code: DatabaseErrorCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.entity = details.entity;
    this.field = details.field;
    this.retryable = details.retryable ?? retryableCodes.has(code);
    this.isReported = details.isReported ?? false;
    this.isTransient = details.isTransient ?? false;
    this.isSerializationConflict = details.isSerializationConflict ?? false;
    this.isReadOnlyServer = details.isReadOnlyServer ?? false;
    this.violatesOwnForeignKey = details.violatesOwnForeignKey ?? false;
    this.availability = details.availability ?? (code !== 'UNAVAILABLE' ? 'unknown' : this.retryable ? 'down' : 'up');
  }
}

/** Codes of reported failures that do not tell whether the database has responded. */
const inconclusiveCodes: ReadonlySet<DatabaseErrorCode> = new Set(['TIMEOUT', 'INTERNAL']);

/**
 * Creates a failure that the database, its driver or the system has reported. By default, a retryable failure is also
 * transient, except a timeout: a repeated call would probably time out again.
 */
export function reportedFailure(code: DatabaseErrorCode, message: string, details: FailureDetails = {}): Failure {
  const retryable = details.retryable ?? retryableCodes.has(code);
  const isDown = code === 'UNAVAILABLE' && retryable;
  return new Failure(code, message, {
    ...details,
    retryable,
    isReported: true,
    isTransient: details.isTransient ?? (retryable && code !== 'TIMEOUT'),
    availability: details.availability ?? (isDown ? 'down' : inconclusiveCodes.has(code) ? 'unknown' : 'up'),
  });
}

/**
 * Reports whether the error is a {@link Failure}. Returns false for a proxy that throws when it is read: the
 * application may throw such an object.
 */
export function isFailure(error: unknown): error is Failure {
  try {
    return error instanceof Failure;
  } catch {
    return false;
  }
}

/**
 * Returns the error that caused a failure, or `error` itself when it is not a failure; undefined for a failure without
 * a cause.
 */
export function originalOf(error: unknown): unknown {
  let original = error;
  while (isFailure(original)) original = original.cause;
  return original;
}

/** Returns a copy of a failure in which the given properties are replaced. */
export function copyFailure(failure: Failure, changes: FailureDetails & { readonly message?: string }): Failure {
  const { entity, field, retryable, cause, isReported, isTransient, availability } = failure;
  const { isSerializationConflict, isReadOnlyServer, violatesOwnForeignKey } = failure;
  return new Failure(failure.code, changes.message ?? failure.message, {
    ...{ entity, field, retryable, cause, isReported, isTransient, availability },
    ...{ isSerializationConflict, isReadOnlyServer, violatesOwnForeignKey },
    ...changes,
  });
}

/**
 * Creates the failure of an invalid argument. For example, the field `limit` with the rule `must be an integer` gives
 * the message `limit must be an integer`.
 */
export function invalidInput(field: string, rule: string): Failure {
  return new Failure('INVALID_INPUT', `${field} ${rule}`, { field });
}

/** Creates the failure of a call that was made before the database was opened, or after it was closed. */
export function notInitialized(cause?: unknown): Failure {
  return new Failure('NOT_INITIALIZED', 'Database is not initialized', { cause });
}

/**
 * Returns a copy of the failure of a nested value, with the path of that value as prefix of the message and of the
 * field. For example, `port must be an integer` at `endpoints[0]` becomes `endpoints[0].port must be an integer`.
 */
export function failureAt(path: string, failure: Failure): Failure {
  const { message, field } = failure;
  // The field is absent, or equals `path`, when the whole nested value is invalid.
  const fullField = field === undefined || field === path ? path : `${path}.${field}`;
  return copyFailure(failure, { message: `${path}: ${message}`, field: fullField });
}

/**
 * Returns the result of `work`, which checks a nested value. Adds the prefix `path` to the failures that `work` throws,
 * as {@link failureAt} does.
 */
export function failuresAt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Failure ? failureAt(path, error) : error;
  }
}

/**
 * Maximum number of attempts to lock a record. One attempt can miss a record that another transaction inserts at the
 * same moment, because the locking statement does not see it yet.
 */
export const maxLockAttempts = 10;

/**
 * Creates the failure of a change that a row security policy prevents: the database role can read the record but not
 * change it.
 */
export function protectedRow(): Failure {
  return new Failure('PERMISSION_DENIED', 'row level security prevents the database role from changing the record');
}
