import { Failure, invalidInput, isFailure } from '../errors/failure';

/**
 * What `read` makes of what the caller gave. A getter, or a proxy, is code of the caller's: what it throws is a mistake in
 * `field`, and no fault of this package.
 */
export function reading<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isFailure(error) ? error : unreadable(field, error);
  }
}

/** The failure of what cannot be read, as `cause` was thrown. */
export function unreadable(field: string, cause: unknown): Failure {
  return new Failure('INVALID_INPUT', `${field} cannot be read`, { field, cause });
}

/** How long an array is, asked once: a proxy may say anything, and something else each time. */
export function lengthOf(array: readonly unknown[], field: string): number {
  const length: unknown = array.length;
  if (typeof length !== 'number' || !(length >= 0 && length < 2 ** 32)) throw invalidInput(field, 'must be an array');
  return length;
}
