import type { DatabaseError } from './database-error';
import { toDescriptorShortage } from './descriptor-shortage';
import { findInChain } from './error-chain';
import { copyFailure, Failure, isFailure, reportedFailure } from './failure';

/**
 * Converts one error of a chain of causes into a failure; returns undefined for an unknown error. `cause` is the first
 * error of the chain.
 */
export type ErrorMapper = (link: object, cause: unknown) => Failure | undefined;

/**
 * Failure of each `DatabaseError` that a call has thrown. It is not a property of the error: loggers would print it.
 */
const failures = new WeakMap<object, Failure>();

/**
 * Stores the failure that was converted to `error`. {@link classifyError} finds it when `error` is thrown again, for
 * example by the callback of a transaction.
 */
export function rememberFailure(error: DatabaseError, failure: Failure): void {
  failures.set(error, failure);
}

/**
 * Converts any error into a failure, with the error as its cause; INTERNAL for an unknown error. A failure is returned
 * unchanged.
 *
 * @param map - converts the errors of an engine's driver. Without `map`, only four kinds of errors are known: failures,
 * errors of earlier calls, a lack of file descriptors, and a string that is too long.
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

// Returns the failure of an error of this package. The application may have thrown it again as the cause of another
// error.
function failureOf(link: object, cause: unknown): Failure | undefined {
  const failure = isFailure(link) ? link : failures.get(link);
  return failure && copyFailure(failure, { cause });
}

// An unknown error with a code comes from the driver or the system. An unknown error without a code is a fault of this
// package.
function unexpectedFault(error: unknown): Failure {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
  return hasCode
    ? reportedFailure('INTERNAL', 'unexpected error', { cause: error })
    : new Failure('INTERNAL', 'unexpected error', { cause: error });
}

// The package converts an input to one string, for example to JSON. JavaScript limits the length of a string.
function isTooLong(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Invalid string length';
}
