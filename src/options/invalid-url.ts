import { Failure } from '../errors/failure';

/**
 * Returns the failure of an invalid URL. The reason must contain no part of the URL except the names of its parameters.
 */
export function invalidUrl(field: string, reason: string): Failure {
  return new Failure('INVALID_OPTIONS', `${field} ${reason}`, { field });
}
