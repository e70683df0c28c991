import { Failure, invalidInput, isFailure } from '../errors/failure';

/**
 * Returns the result of `read`, which reads a value of the caller. Getters and proxies are code of the caller: an error
 * that they throw becomes INVALID_INPUT for `field`.
 */
export function guardedRead<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isFailure(error)) throw error;
    const message = `${field} cannot be read: a getter or a proxy threw an error`;
    throw new Failure('INVALID_INPUT', message, { field, cause: error });
  }
}

/**
 * Returns the length of an array. Call it once for each array, because a proxy may return another length each time.
 *
 * @throws INVALID_INPUT when an array cannot have this length
 */
export function lengthOf(array: readonly unknown[], field: string): number {
  const length: unknown = array.length;
  if (typeof length !== 'number' || !(length >= 0 && length < 2 ** 32)) throw invalidInput(field, 'must be an array');
  return length;
}
