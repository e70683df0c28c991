import { findInChain } from './error-chain';
import { Failure } from './failure';
import { toPostgresqlFailure } from './postgresql-failure';
import { toSqliteFailure } from './sqlite-failure';

/** Turns whatever was thrown below into a failure of the contract. The original is kept as the cause. */
export function classifyError(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const known = findInChain(error, (link) => toSqliteFailure(link, error) ?? toPostgresqlFailure(link, error));
  return known ?? new Failure('INTERNAL', 'unexpected fault', { cause: error });
}
