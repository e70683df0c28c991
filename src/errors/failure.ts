import type { DatabaseErrorCode, ErrorEntity } from './database-error';

/** Operation and field of a {@link Failure}. */
export interface FailureContext {
  readonly entity?: ErrorEntity | undefined;
  readonly field?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

const retryableCodes: ReadonlySet<DatabaseErrorCode> = new Set(['BUSY', 'TIMEOUT', 'UNAVAILABLE']);

// A registered symbol is the same in every copy of the modules. After a hot reload, modules that are already loaded
// keep the class of the previous copy.
const brand = Symbol.for('ans-database.Failure');

/** Error of the layers below the public API. The API adds the operation and converts it to a `DatabaseError`. */
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
  readonly retryable: boolean;

  constructor(code: DatabaseErrorCode, message: string, context: FailureContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.entity = context.entity;
    this.field = context.field;
    this.retryable = context.retryable ?? retryableCodes.has(code);
  }
}

/** Reports whether this package threw the error. The caller's code may throw a proxy whose traps throw. */
export function isFailure(error: unknown): error is Failure {
  try {
    return error instanceof Failure;
  } catch {
    return false;
  }
}

/** A failure that is the caller's: `field` says where, `expectation` what would have been right. */
export function invalidInput(field: string, expectation: string): Failure {
  return new Failure('INVALID_INPUT', `${field} ${expectation}`, { field });
}

/** The failure of what comes before the opening, or after the closing. */
export function notInitialized(cause?: unknown): Failure {
  return new Failure('NOT_INITIALIZED', 'Database is not initialized', { cause });
}

/** Prefixes the failure with the path of the nested value. */
export function failureAt(path: string, { code, message, entity, field, retryable, cause }: Failure): Failure {
  // The nested value itself may be invalid.
  const fullField = field === undefined || field === path ? path : `${path}.${field}`;
  return new Failure(code, `${path}: ${message}`, { entity, field: fullField, retryable, cause });
}

/** Runs `work` on a nested value, and prefixes its failures with the path. */
export function failuresAt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Failure ? failureAt(path, error) : error;
  }
}

/** Maximum number of attempts to lock a record while another statement still finds it. */
export const maxLockTries = 10;

/** Returns the failure for a change of a record that the role may read: a row security policy hides it from changes. */
export function protectedRow(): Failure {
  return new Failure('PERMISSION_DENIED', 'row level security keeps the database role from changing the record');
}
