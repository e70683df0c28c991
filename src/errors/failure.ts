import type { DatabaseErrorCode, ErrorEntity } from './database-error';

/**
 * Availability of the database, as a failure shows it. `up`: the database has answered. `down`: it could not be reached
 * or used. `unknown`: the failure allows no conclusion, for example because the process itself lacks resources.
 */
export type Availability = 'up' | 'down' | 'unknown';

/** Optional properties of a {@link Failure}. */
export interface FailureDetails {
  readonly entity?: ErrorEntity | undefined;
  readonly field?: string | undefined;
  /** Default: decided by the code. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
  readonly isReported?: boolean | undefined;
  readonly isTransient?: boolean | undefined;
  readonly isSerializationConflict?: boolean | undefined;
  readonly isReadOnlyServer?: boolean | undefined;
  readonly violatesOwnForeignKey?: boolean | undefined;
  readonly missingColumn?: string | undefined;
  readonly availability?: Availability | undefined;
}

const retryableCodes: ReadonlySet<DatabaseErrorCode> = new Set(['BUSY', 'TIMEOUT', 'UNAVAILABLE']);

// A registered symbol is the same in every copy of the modules. After a hot reload, modules that are already loaded
// keep the class of the previous copy.
const brand = Symbol.for('ans-database.Failure');

/**
 * Error of the layers below the public API. Each engine converts the errors of its driver into failures; the API adds
 * the operation and converts the failure to a `DatabaseError`.
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
  /** True when the caller may repeat the same call later. */
  readonly retryable: boolean;
  /** True when the database, its driver or the system has reported an error; false when this package detected it. */
  readonly isReported: boolean;
  /** True when nothing was changed and the same call may succeed at once, so that it is repeated automatically. */
  readonly isTransient: boolean;
  /** True when a concurrent transaction caused it, so that the whole transaction may be repeated. */
  readonly isSerializationConflict: boolean;
  /**
   * True when the server rejected a write because it is read-only, as a standby is. After a failover another server
   * would accept the write, so the whole transaction may be repeated.
   */
  readonly isReadOnlyServer: boolean;
  /** True when the database named a foreign key of this package's schema as violated. */
  readonly violatesOwnForeignKey: boolean;
  /** Required column, as `table.column`, that a statement left without a value in order to enforce a rule. */
  readonly missingColumn: string | undefined;
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
    this.missingColumn = details.missingColumn;
    this.availability = details.availability ?? (code !== 'UNAVAILABLE' ? 'unknown' : this.retryable ? 'down' : 'up');
  }
}

/** Codes of reported failures that do not show whether the database has answered. */
const inconclusiveCodes: ReadonlySet<DatabaseErrorCode> = new Set(['TIMEOUT', 'INTERNAL']);

/**
 * Creates a failure that the database, its driver or the system has reported. By default it is transient when it is
 * retryable and not a timeout: a repeated call would take as long again as the one that timed out.
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

/** Reports whether the error is a {@link Failure}. The caller's code may throw a proxy whose traps throw. */
export function isFailure(error: unknown): error is Failure {
  try {
    return error instanceof Failure;
  } catch {
    return false;
  }
}

/** Returns the error beneath a failure, or `error` itself when it is not a failure; undefined when there is none. */
export function originalOf(error: unknown): unknown {
  let original = error;
  while (isFailure(original)) original = original.cause;
  return original;
}

/** Returns a copy of a failure with other properties. */
export function copyFailure(failure: Failure, changes: FailureDetails & { readonly message?: string }): Failure {
  const { entity, field, retryable, cause, isReported, isTransient, availability } = failure;
  const { isSerializationConflict, isReadOnlyServer, violatesOwnForeignKey, missingColumn } = failure;
  return new Failure(failure.code, changes.message ?? failure.message, {
    ...{ entity, field, retryable, cause, isReported, isTransient, availability },
    ...{ isSerializationConflict, isReadOnlyServer, violatesOwnForeignKey, missingColumn },
    ...changes,
  });
}

/** Creates the failure of an invalid argument: `field` names it, `rule` says what it must be. */
export function invalidInput(field: string, rule: string): Failure {
  return new Failure('INVALID_INPUT', `${field} ${rule}`, { field });
}

/** Creates the failure of a call before the database is opened or after it is closed. */
export function notInitialized(cause?: unknown): Failure {
  return new Failure('NOT_INITIALIZED', 'Database is not initialized', { cause });
}

/** Returns the failure with the path of the nested value as a prefix. */
export function failureAt(path: string, failure: Failure): Failure {
  const { message, field } = failure;
  // The nested value itself may be invalid.
  const fullField = field === undefined || field === path ? path : `${path}.${field}`;
  return copyFailure(failure, { message: `${path}: ${message}`, field: fullField });
}

/** Runs `work` on a nested value, and prefixes its failures with the path. */
export function failuresAt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Failure ? failureAt(path, error) : error;
  }
}

/**
 * Maximum number of attempts to lock a record. An attempt is repeated when the lock finds no record, although the next
 * statement does.
 */
export const maxLockAttempts = 10;

/** Creates the failure for a record that the database role may read, but that a row security policy protects. */
export function protectedRow(): Failure {
  return new Failure('PERMISSION_DENIED', 'row level security prevents the database role from changing the record');
}
