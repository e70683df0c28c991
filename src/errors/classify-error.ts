import { findInChain } from './error-chain';
import { Failure } from './failure';
import { toLoadFailure } from './load-failure';
import { toPostgresqlFailure } from '../engines/postgresql/errors/failure';
import { toSqliteFailure } from '../engines/sqlite/errors/failure';

/** Turns whatever was thrown below into a failure of the contract. The original is kept as the cause. */
export function classifyError(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isTooLong(error)) return new Failure('INVALID_INPUT', 'the values are too large together', { cause: error });
  const known = findInChain(error, (link) => describe(link, error));
  return known ?? new Failure('INTERNAL', 'unexpected fault', { cause: error });
}

function describe(link: object, error: unknown): Failure | undefined {
  return toSqliteFailure(link, error) ?? toPostgresqlFailure(link, error) ?? toLoadFailure(link, error);
}

// JavaScript limits the length of a string, and the data for a database become one string at some point.
function isTooLong(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Invalid string length';
}
