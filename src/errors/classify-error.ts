import type { DatabaseError } from './database-error';
import { toDescriptorShortage } from './descriptor-shortage';
import { findInChain } from './error-chain';
import { copyFailure, Failure, isFailure, reportedFailure } from './failure';

/** Converts one error of a chain into a failure; undefined for an unknown error. `cause` is the chain's first error. */
export type ErrorMapper = (link: object, cause: unknown) => Failure | undefined;

/** Failures of the errors that calls have thrown. Not a property of the error, which loggers would print. */
const failures = new WeakMap<object, Failure>();

/** Stores the failure that was converted to `error`, so that the error can be classified when it is thrown again. */
export function rememberFailure(error: DatabaseError, failure: Failure): void {
  failures.set(error, failure);
}

/**
 * Converts any error into a failure, with the error as its cause. A failure is returned unchanged.
 *
 * @param map - converts the errors of an engine's driver. Without it, the known errors are the errors of earlier calls,
 * failures, and errors about a lack of file descriptors.
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

// The chain of the application's own errors may end with an error of this package.
function failureOf(link: object, cause: unknown): Failure | undefined {
  const failure = isFailure(link) ? link : failures.get(link);
  return failure && copyFailure(failure, { cause });
}

// The driver and the system give their errors a code; an error without one is a fault of this package.
function unexpectedFault(error: unknown): Failure {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
  return hasCode
    ? reportedFailure('INTERNAL', 'unexpected error', { cause: error })
    : new Failure('INTERNAL', 'unexpected error', { cause: error });
}

// JavaScript limits the length of a string, and the data for a database become one string at some point.
function isTooLong(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Invalid string length';
}
