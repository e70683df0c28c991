import type { DatabaseErrorCode, ErrorEntity } from './database-error';

/**
 * Availability of the database, as far as a failure shows it. `up`: the database has responded. `down`: it could not be
 * reached or used. `unknown`: the failure does not show it, for example because the process itself lacks resources.
 */
export type Availability = 'up' | 'down' | 'unknown';

/** Optional properties of a {@link Failure}. */
export interface FailureDetails {
  readonly entity?: ErrorEntity | undefined;
  readonly field?: string | undefined;
  /** Default: true for the codes BUSY, TIMEOUT and UNAVAILABLE. */
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

// Every copy of this module has the same registered symbol, but another class `Failure`. After a hot reload, modules
// that are already loaded keep the class of the previous copy.
const brand = Symbol.for('ans-database.Failure');

/**
 * Internal error. Each engine converts the errors of its driver into failures; the public API adds the name of the
 * operation and converts the failure to a `DatabaseError`.
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
  /** True when the caller can repeat the same call later. */
  readonly retryable: boolean;
  /** True when the database, its driver or the system has reported an error; false when this package detected it. */
  readonly isReported: boolean;
  /** True when nothing was changed and the same call may succeed at once, so that the package repeats it. */
  readonly isTransient: boolean;
  /** True when a concurrent transaction caused the failure, so that the whole transaction can be repeated. */
  readonly isSerializationConflict: boolean;
  /**
   * True when the server rejected a write because the server is read-only, as a standby is. After a failover another
   * server would accept the write, so the whole transaction can be repeated.
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

/** Codes of reported failures that do not show whether the database has answered. */
const inconclusiveCodes: ReadonlySet<DatabaseErrorCode> = new Set(['TIMEOUT', 'INTERNAL']);

/**
 * Creates a failure that the database, its driver or the system has reported. By default, it is transient when it is
 * retryable and not a timeout: after a timeout, a repeated call would probably take as long again.
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
 * Reports whether the error is a {@link Failure}. Returns false for a proxy whose traps throw, which application code
 * may have thrown.
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

/** Creates the failure of an invalid argument: `field` names the argument, `rule` says what the argument must be. */
export function invalidInput(field: string, rule: string): Failure {
  return new Failure('INVALID_INPUT', `${field} ${rule}`, { field });
}

/** Creates the failure of a call before the database is opened or after it is closed. */
export function notInitialized(cause?: unknown): Failure {
  return new Failure('NOT_INITIALIZED', 'Database is not initialized', { cause });
}

/**
 * Returns a copy of the failure of a nested value. The path of that value becomes the prefix of the message and of the
 * field.
 */
export function failureAt(path: string, failure: Failure): Failure {
  const { message, field } = failure;
  // `field` is absent or equals `path` when the nested value as a whole is invalid.
  const fullField = field === undefined || field === path ? path : `${path}.${field}`;
  return copyFailure(failure, { message: `${path}: ${message}`, field: fullField });
}

/** Runs `work` on a nested value. Adds the path of that value as a prefix to the failures that `work` throws. */
export function failuresAt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Failure ? failureAt(path, error) : error;
  }
}

/**
 * Maximum number of attempts to lock a record. The package tries again when the locking statement finds no record, but
 * the next statement finds one.
 */
export const maxLockAttempts = 10;

/** Creates the failure for a record that the role can read, but that a row security policy does not let it change. */
export function protectedRow(): Failure {
  return new Failure('PERMISSION_DENIED', 'row level security prevents the database role from changing the record');
}
