import type { DatabaseError } from './database-error';
import { toDescriptorShortage } from './descriptor-shortage';
import { findInChain } from './error-chain';
import { copyFailure, Failure, isFailure, reportedFailure } from './failure';

/**
 * Function that converts an error of a database driver into a failure. It returns undefined for an error that it does
 * not know. It is called with each error of a chain of causes as `link`; `cause` is the outermost error.
 */
export type ErrorMapper = (link: object, cause: unknown) => Failure | undefined;

/**
 * Maps each `DatabaseError` to the failure from which it was created. The failure is not a property of the error,
 * because loggers would print it.
 */
const failures = new WeakMap<object, Failure>();

/**
 * Stores the failure from which `error` was created. {@link classifyError} returns this failure when the application
 * throws the same error again, for example in the callback of a transaction.
 */
export function rememberFailure(error: DatabaseError, failure: Failure): void {
  failures.set(error, failure);
}

/**
 * Converts any error into a failure, with the error as its cause. The code is INTERNAL for an unknown error. Returns a
 * failure unchanged.
 *
 * @param map - converts the errors of an engine's driver. Without `map`, an error of a driver is unknown.
 */
export function classifyError(error: unknown, map?: ErrorMapper): Failure {
  if (isFailure(error)) return error;
  if (isTooLong(error)) return new Failure('INVALID_INPUT', 'the input is too large in total', { cause: error });
  const known = findInChain(
    error,
    (link) => failureOf(link, error) ?? toDescriptorShortage(link, error) ?? map?.(link, error),
  );
  return known ?? unexpectedFault(error);
}

// The application may have wrapped an error of this package in an error of its own. `link` is the wrapper or the
// wrapped error.
function failureOf(link: object, cause: unknown): Failure | undefined {
  const failure = isFailure(link) ? link : failures.get(link);
  return failure && copyFailure(failure, { cause });
}

// Creates the failure for an unknown error. An error with a code comes from the driver or the system; an error without
// a code is a fault of this package.
function unexpectedFault(error: unknown): Failure {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
  return hasCode
    ? reportedFailure('INTERNAL', 'unexpected error', { cause: error })
    : new Failure('INTERNAL', 'unexpected error', { cause: error });
}

// Reports whether JavaScript threw the error because a string was too long, such as the JSON text of a huge array of
// agents.
function isTooLong(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Invalid string length';
}
