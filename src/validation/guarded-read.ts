import { Failure, invalidInput, isFailure } from '../errors/failure';

/**
 * Returns the result of `read`, which reads a value of the caller. Throws INVALID_INPUT for `field` when a getter or a
 * proxy of the caller throws an error.
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
 * Returns the length of an array of the caller. Call it only once for an array, because a proxy may return another
 * length the next time.
 *
 * @throws INVALID_INPUT when no array can have this length
 */
export function lengthOf(array: readonly unknown[], field: string): number {
  const length: unknown = array.length;
  if (typeof length !== 'number' || !(length >= 0 && length < 2 ** 32)) throw invalidInput(field, 'must be an array');
  return length;
}
