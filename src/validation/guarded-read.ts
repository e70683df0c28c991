import { Failure, invalidInput, isFailure } from '../errors/failure';

/**
 * Returns the result of `read` for a value of the caller. A getter, or a proxy, is code of the caller: an error that it
 * throws is reported as invalid input in `field`, not as a fault of this package.
 */
export function guardedRead<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isFailure(error) ? error : unreadable(field, error);
  }
}

/** The failure of what cannot be read, as `cause` was thrown. */
function unreadable(field: string, cause: unknown): Failure {
  return new Failure('INVALID_INPUT', `${field} cannot be read: a getter or a proxy threw an error`, { field, cause });
}

/** Returns the length of an array, read once: a proxy may return any value, and a different one each time. */
export function lengthOf(array: readonly unknown[], field: string): number {
  const length: unknown = array.length;
  if (typeof length !== 'number' || !(length >= 0 && length < 2 ** 32)) throw invalidInput(field, 'must be an array');
  return length;
}
