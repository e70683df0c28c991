import { Failure } from '../errors/failure';

/**
 * Returns the failure for an invalid database URL.
 *
 * @param reason - rule that the URL violates. It must not contain a part of the URL, except the name of a parameter.
 */
export function invalidUrl(field: string, reason: string): Failure {
  return new Failure('INVALID_OPTIONS', `${field} ${reason}`, { field });
}
