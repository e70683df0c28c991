import { Failure } from '../errors/failure';

/** Returns the failure of a URL. The reason must hold nothing of the URL but the names of its parameters. */
export function invalidUrl(field: string, reason: string): Failure {
  return new Failure('INVALID_OPTIONS', `${field} ${reason}`, { field });
}
